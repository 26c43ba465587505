# The service in a small image, as a user without rights, with its database in /data.
#
#   docker build --tag alongside --build-arg VERSION=0.1.0 .
#   docker run --network host --volume alongside:/data alongside
#
# That answers programs on the same machine alone. To be reached from elsewhere the service needs TLS, or a proxy that has it;
# say so by variables and not by arguments, since the health check reads them too:
#
#   docker run --publish 8443:8080 --volume alongside:/data --volume /etc/alongside:/tls:ro \
#     --env ALONGSIDE_ADDRESS=0.0.0.0 --env ALONGSIDE_TLS_CERTIFICATE=/tls/site.pem --env ALONGSIDE_TLS_KEY=/tls/site.key alongside
#   docker run --publish 127.0.0.1:8080:8080 --volume alongside:/data \
#     --env ALONGSIDE_ADDRESS=0.0.0.0 --env ALONGSIDE_BEHIND_PROXY=true alongside
#
# The first start writes the key of the first programme admin to /data/admin.key, since what a container prints is its log:
#
#   docker exec NAME cat /data/admin.key
#
# Beside the database is its secret, /data/alongside.sqlite3.secret, without which the database cannot be opened again.
#
# For an engine that writes OCI images, ask for the Docker format: the OCI format has no health check.

# What is built on and what is run on, so that a site can put in its own; the two must have the same C library.
ARG BUILD_IMAGE=rust:1.95-slim-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
# Versions are left to the release of Debian: its archive keeps only the newest, so a pinned one stops building at the
# next security update.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# Only what .dockerignore lets in.
COPY . .
# The caches hold the crates and what was built of them, and no part of the image. Our own sources are touched because
# Cargo compares times: a checkout with older files than the cache's would otherwise be taken for the one built before.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    touch src/lib.rs src/main.rs \
    && cargo build --release --locked --bin alongside --features postgres-tls \
    && install -D target/release/alongside /out/alongside

FROM ${RUNTIME_IMAGE}
# libssl3 for libpq, and the certificates for `sslmode=verify-full` with `sslrootcert=system`. Versions as above.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/cache/apt/* /var/lib/apt/lists/* \
    && install -d -o 10001 -g 10001 -m 0750 /data
COPY LICENSE NOTICE /usr/share/doc/alongside/
COPY --from=build /out/alongside /usr/local/bin/alongside

ARG VERSION=unknown
LABEL org.opencontainers.image.title="Alongside" \
      org.opencontainers.image.description="Suggests partner organisations to NHS sites, explains every score to both sides, and lets sites choose each other." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"

ENV ALONGSIDE_ADMIN_KEY_FILE=/data/admin.key \
    ALONGSIDE_LOG_FORMAT=json \
    DATABASE_URL=sqlite:///data/alongside.sqlite3
# By number, so that an orchestrator can see that it is not root without knowing the image's users.
USER 10001:10001
WORKDIR /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# Long enough to start for a first run, which fills the database.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["alongside", "health"]
ENTRYPOINT ["alongside"]
CMD ["serve"]
