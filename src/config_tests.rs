use super::*;

fn flags(given: &[(Setting, &str)]) -> Flags {
    given
        .iter()
        .fold(Flags::default(), |flags, (setting, value)| {
            flags.with(*setting, Some(value.into()))
        })
}

fn config(given: &[(Setting, &str)], environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_layers(flags(given), |name| {
        environment
            .iter()
            .find(|(variable, _)| *variable == name)
            .map(|(_, value)| value.into())
    })
}

fn file(text: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("alongside.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}

fn words<T>(result: Result<T, ConfigError>) -> String {
    match result {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_flag_wins_over_the_environment_which_wins_over_the_file() {
    let (_directory, path) = file("port = 1001\nworkers = \"3\"\naddress = \"::1\"\n");
    let environment = [
        ("ALONGSIDE_CONFIG", path.as_str()),
        ("ALONGSIDE_HTTP_PORT", "1002"),
        ("ALONGSIDE_WORKERS", "4"),
    ];
    let config = config(&[(Setting::Port, "1003")], &environment).unwrap();
    assert_eq!(config.port().unwrap(), Some(1003));
    assert_eq!(config.workers().unwrap().map(NonZeroUsize::get), Some(4));
    assert_eq!(config.listening().unwrap().address.to_string(), "::1");
}

#[test]
fn nothing_given_means_the_defaults() {
    let config = config(&[], &[]).unwrap();
    assert_eq!(config.port().unwrap(), None);
    assert_eq!(config.listening().unwrap().address, DEFAULT_ADDRESS);
    assert_eq!(config.bundled_data().unwrap(), BundledData::Load);
    assert!(config.database().unwrap().is_none() && config.workers().unwrap().is_none());
}

#[test]
fn an_empty_value_is_refused_by_name_in_every_layer_even_where_another_wins() {
    for &setting in Setting::ALL {
        for empty in ["", " ", "\t"] {
            assert!(words(config(&[(setting, empty)], &[])).starts_with(&setting.flag()));
            let refused = words(config(&[(setting, "1")], &[(setting.variable(), empty)]));
            assert!(refused.starts_with(setting.variable()), "{refused}");
            let (_directory, path) = file(&format!("{setting} = '{empty}'\n"));
            let refused = words(config(&[(setting, "1")], &[("ALONGSIDE_CONFIG", &path)]));
            assert!(
                refused.starts_with(&format!("{setting} in {path} is empty")),
                "{refused}"
            );
        }
    }
    assert!(words(config(&[], &[("ALONGSIDE_CONFIG", "")])).starts_with("ALONGSIDE_CONFIG"));
}

#[test]
fn the_settings_file_refuses_what_it_does_not_know() {
    for (text, expected) in [
        ("prot = 1\n", "unknown key \"prot\""),
        ("[port]\nx = 1\n", "port in"),
        ("workers = 1.5\n", "workers in"),
        ("port = 1\nport = 2\n", "line 2"),
        ("\n\nport =\n", "line 3"),
    ] {
        let (_directory, path) = file(text);
        let refused = words(config(&[], &[("ALONGSIDE_CONFIG", &path)]));
        assert!(refused.contains(expected), "{refused}");
    }
    let refused = words(config(&[], &[("ALONGSIDE_CONFIG", "no/such/file.toml")]));
    assert_eq!(refused, "cannot read the settings file no/such/file.toml");
}

#[test]
fn a_broken_settings_file_does_not_show_the_password_on_its_line() {
    let (_directory, path) = file("database = \"postgres://u:hunter2@h/d\n");
    let refused = words(config(&[], &[("ALONGSIDE_CONFIG", &path)]));
    assert!(
        refused.contains("line 1") && !refused.contains("hunter2"),
        "{refused}"
    );
}

#[test]
fn an_address_that_others_can_reach_needs_protection() {
    let listening = |text: &str, more: &[(Setting, &str)]| {
        let given = [&[(Setting::Address, text)], more].concat();
        config(&given, &[]).unwrap().listening()
    };
    for text in ["127.0.0.1", "127.1.2.3", "::1"] {
        assert!(listening(text, &[]).is_ok(), "{text}");
    }
    for text in ["0.0.0.0", "::", "10.0.0.1", "::ffff:10.0.0.1"] {
        for unprotected in [&[][..], &[(Setting::BehindProxy, "false")]] {
            let refused = words(listening(text, unprotected));
            assert!(
                refused.contains("--address must be a loopback address")
                    && refused.contains("--behind-proxy"),
                "{refused}"
            );
        }
        let tls = [
            (Setting::TlsCertificate, "a.pem"),
            (Setting::TlsKey, "a.key"),
        ];
        assert!(listening(text, &tls).is_ok());
        assert!(listening(text, &[(Setting::BehindProxy, "true")]).is_ok());
    }
    assert!(words(listening("localhost", &[])).contains("\"localhost\""));
}

#[test]
fn what_belongs_together_is_given_together() {
    let of = |given: &[(Setting, &str)]| config(given, &[]).unwrap();
    let certificate = of(&[(Setting::TlsCertificate, "a.pem")]);
    assert_eq!(
        words(certificate.listening()),
        "--tls-certificate needs --tls-key, which is not given"
    );
    let roles = of(&[(Setting::OidcSiteRole, "trust")]);
    assert!(words(roles.identity()).starts_with("--oidc-site-role needs --oidc-issuer"));
    let most = [
        (Setting::OidcIssuer, "https://id.example"),
        (Setting::OidcAudience, "alongside, other"),
    ];
    assert!(words(of(&most).identity()).ends_with("needs --oidc-jwks, which is not given"));
    let with = |jwks| of(&[&most[..], &[(Setting::OidcJwks, jwks)]].concat()).identity();
    let identity = with("keys.json").unwrap().unwrap();
    assert_eq!(identity.audiences, ["alongside", "other"]);
    assert_eq!(identity.role_claim, "roles");
    let refused = words(with("http://u:hunter2@id.example/jwks"));
    assert!(
        refused.starts_with("--oidc-jwks is a file") && !refused.contains("hunter2"),
        "{refused}"
    );
    assert!(of(&[]).identity().unwrap().is_none());
}

#[test]
fn a_rate_limit_of_0_is_none() {
    let limit = |text| {
        config(&[(Setting::RateLimit, text)], &[])
            .unwrap()
            .rate_limit()
    };
    assert_eq!(limit("0").unwrap(), None);
    assert_eq!(limit("60").unwrap().unwrap().per_minute.get(), 60);
    let default = config(&[], &[]).unwrap().rate_limit().unwrap().unwrap();
    assert_eq!(
        (default.per_minute.get(), default.burst().get()),
        (600, 100)
    );
    for bad in ["-1", "1000001", "many"] {
        assert!(
            words(limit(bad)).starts_with("--rate-limit is a number"),
            "{bad}"
        );
    }
}

#[test]
fn values_that_mean_nothing_are_refused_by_name() {
    let with = |setting, text| config(&[], &[(Setting::variable(setting), text)]).unwrap();
    for text in ["-1", "65536", "http", "80.0"] {
        let refused = words(with(Setting::Port, text).port());
        assert!(
            refused.starts_with("ALONGSIDE_HTTP_PORT is a port"),
            "{refused}"
        );
    }
    for text in ["0", "1025", "many"] {
        let refused = words(with(Setting::Workers, text).workers());
        assert!(refused.starts_with("ALONGSIDE_WORKERS is a"), "{refused}");
    }
    let refused = words(with(Setting::BundledData, "yes").bundled_data());
    assert!(
        refused.starts_with("ALONGSIDE_BUNDLED_DATA is load or skip"),
        "{refused}"
    );
    let quiet = || LogFilter::parse("off").unwrap();
    let refused = words(with(Setting::Log, "alongside=loud").log(quiet()));
    assert!(
        refused.starts_with("ALONGSIDE_LOG is no log filter"),
        "{refused}"
    );
    let refused = words(with(Setting::LogFormat, "xml").log(quiet()));
    assert!(
        refused.starts_with("ALONGSIDE_LOG_FORMAT is text or json"),
        "{refused}"
    );
}

#[test]
fn a_variable_that_looks_like_a_setting_and_is_none_is_found_by_name() {
    let names = [
        "ALONGSIDE_HTPP_PORT",
        "ALONGSIDE_LOGS",
        "ALONGSIDE_LOG",
        "ALONGSIDE_CONFIG",
        "ALONGSIDE_PORT",
        "ALONGSIDE_PORT_8080_TCP_ADDR",
        "ALONGSIDE_SERVICE_HOST",
        "ALONGSIDE_DB_SERVICE_HOST",
        "ALONGSIDE_DB_PORT",
        "HOME",
    ];
    assert_eq!(
        unknown_variables(names.map(OsString::from)),
        ["ALONGSIDE_HTPP_PORT", "ALONGSIDE_LOGS"]
    );
}
