//! Flags over environment over file, and what is refused.

use super::program::{Place, Running, port_in_use, silent_port};

const USAGE: i32 = 2;
const FAILURE: i32 = 1;

#[test]
fn a_flag_or_a_command_that_does_not_exist_is_refused_by_name() {
    for (arguments, named) in [
        ("serve --prot 1", "--prot"),
        ("demo --database x.sqlite3", "--database"),
        ("sugest RTH", "sugest"),
        ("suggest", "<ODS>"),
        ("suggest RTH RHW", "RHW"),
        ("suggest RT", "3 to 12 characters"),
        ("suggest R-H", "'R-H'"),
        ("suggest RTH --bundled-data load", "--bundled-data"),
        ("health --url nonsense", "--url must be http://HOST"),
        ("suggest RTH --limit 0", "--limit"),
        ("suggest RTH --as-of 2026-02-30", "--as-of"),
        ("suggest RTH --weights geografy=1", "geografy"),
        ("suggest RTH --weights geography=-1", "geography"),
    ] {
        let run = Place::new().run(arguments);
        assert_eq!(run.code, Some(USAGE), "{arguments}: {run:?}");
        run.assert_says(&[named]);
        assert_eq!(run.stdout, "", "{arguments}");
    }
}

#[test]
fn help_and_version_are_answers_and_not_failures() {
    let help = Place::new().run("--help");
    help.assert_worked();
    for part in [
        "demo",
        "serve",
        "suggest",
        "keys",
        "openapi",
        "health",
        "Exit codes:",
        "Examples:",
    ] {
        assert!(help.stdout.contains(part), "{part}");
    }
    for command in ["demo", "serve", "suggest", "keys", "openapi", "health"] {
        let help = Place::new()
            .variable("DATABASE_URL", "postgres://u:hunter2@h/d")
            .run(&format!("{command} --help"));
        help.assert_worked();
        assert!(help.stdout.contains("Examples:"), "{command}");
        assert!(!help.stdout.contains("hunter2"), "{command}");
    }
    Place::new().run("--version").assert_worked();
}

#[test]
fn an_empty_value_is_refused_by_name_wherever_it_stands() {
    for flag in [
        "database",
        "port",
        "address",
        "workers",
        "bundled-data",
        "log",
        "log-format",
        "config",
        "secret-file",
        "admin-key-file",
        "tls-certificate",
        "behind-proxy",
        "rate-limit",
        "oidc-issuer",
    ] {
        let run = Place::new().run(&format!("serve --{flag}="));
        run.assert_failed(USAGE, &[&format!("--{flag} is empty")]);
    }
    for variable in [
        "DATABASE_URL",
        "ALONGSIDE_CONFIG",
        "ALONGSIDE_ADDRESS",
        "ALONGSIDE_HTTP_PORT",
        "ALONGSIDE_WORKERS",
        "ALONGSIDE_BUNDLED_DATA",
        "ALONGSIDE_LOG",
        "ALONGSIDE_LOG_FORMAT",
    ] {
        let run = Place::new()
            .variable(variable, "")
            .run("demo --port 0 --json");
        run.assert_failed(USAGE, &[&format!("{variable} is empty")]);
    }
    Place::new()
        .file("a.toml", "database = ''\n")
        .run("serve --config a.toml")
        .assert_failed(USAGE, &["database in a.toml is empty"]);
}

#[test]
fn an_address_that_others_can_reach_is_refused_without_protection() {
    for address in ["0.0.0.0", "::", "192.0.2.1"] {
        Place::new()
            .variable("ALONGSIDE_ADDRESS", address)
            .run("serve --port 0")
            .assert_failed(
                USAGE,
                &[
                    "ALONGSIDE_ADDRESS must be a loopback address",
                    "keys",
                    "--tls-certificate",
                    "--behind-proxy",
                ],
            );
    }
    Place::new()
        .run("serve --address 0.0.0.0 --port 0 --tls-certificate a.pem")
        .assert_failed(USAGE, &["--tls-certificate needs --tls-key"]);
    Place::new()
        .run("serve --address 0.0.0.0 --port 0 --tls-certificate a.pem --tls-key a.key")
        .assert_failed(FAILURE, &["cannot read a certificate from a.pem"]);
}

#[test]
fn values_that_mean_nothing_are_refused_by_name() {
    for (arguments, words) in [
        ("serve --port http", "--port is a port"),
        ("serve --port 65536", "--port is a port"),
        ("serve --workers 0", "--workers is a number"),
        ("serve --rate-limit lots", "--rate-limit is a number"),
        (
            "serve --behind-proxy=maybe",
            "--behind-proxy is true or false",
        ),
        (
            "serve --oidc-issuer https://x",
            "--oidc-issuer needs --oidc-audience",
        ),
        (
            "serve --bundled-data maybe",
            "--bundled-data is load or skip",
        ),
        ("openapi --log alongside=loud", "--log is no log filter"),
        ("openapi --log-format xml", "--log-format is text or json"),
        (
            "serve --database mysql://u:hunter2@h/d",
            "--database cannot begin with `mysql:`",
        ),
    ] {
        let run = Place::new().run(arguments);
        run.assert_failed(USAGE, &[words]);
        assert!(!run.stderr.contains("hunter2"), "{run:?}");
    }
}

#[test]
fn a_settings_file_that_is_wrong_is_refused_with_what_is_wrong() {
    let run = |content| {
        Place::new()
            .file("a.toml", content)
            .run("openapi --config a.toml")
    };
    run("prot = 1\n").assert_failed(USAGE, &["\"prot\"", "a.toml", "port"]);
    run("port = 1\nport = \n").assert_failed(USAGE, &["line 2 of the settings file a.toml"]);
    let quoted = run("database = \"postgres://u:hunter2@h/d\n");
    quoted.assert_failed(USAGE, &["line 1 of the settings file a.toml"]);
    assert!(!quoted.stderr.contains("hunter2"), "{quoted:?}");
    Place::new()
        .run("openapi --config missing.toml")
        .assert_failed(USAGE, &["cannot read the settings file missing.toml"]);
}

#[test]
fn a_flag_wins_over_the_environment_which_wins_over_the_file() {
    // A port in use is named when it is tried, which shows the layer that won.
    let (_file, in_file) = port_in_use();
    let (_variable, in_variable) = port_in_use();
    let (_flag, in_flag) = port_in_use();
    let place = || Place::new().file("a.toml", &format!("port = {in_file}\n"));
    let named = |port: u16| format!("port {port} on 127.0.0.1 is in use");
    place()
        .run("serve --config a.toml")
        .assert_failed(FAILURE, &[&named(in_file)]);
    let place = || {
        place()
            .variable("ALONGSIDE_CONFIG", "a.toml")
            .variable("ALONGSIDE_HTTP_PORT", &in_variable.to_string())
    };
    place()
        .run("serve")
        .assert_failed(FAILURE, &[&named(in_variable)]);
    place()
        .run(&format!("serve --port {in_flag}"))
        .assert_failed(FAILURE, &[&named(in_flag), "--port"]);
}

#[test]
fn the_port_that_kubernetes_sets_for_a_service_of_this_name_is_not_read() {
    let place = Place::new().variable("ALONGSIDE_PORT", "tcp://10.0.0.1:8080");
    Running::start(&place, "serve --port 0 --json").url();
}

#[test]
fn a_port_in_use_stops_the_start_before_a_database_is_made() {
    let (_listener, port) = port_in_use();
    let place = Place::new();
    place
        .run(&format!("serve --port {port}"))
        .assert_failed(FAILURE, &[&port.to_string(), "127.0.0.1", "in use"]);
    assert!(!place.path().join("alongside.sqlite3").exists());
    place
        .run(&format!("demo --port {port}"))
        .assert_failed(FAILURE, &[&port.to_string(), "in use"]);
}

#[test]
fn a_file_that_is_no_database_is_left_as_it_is() {
    let content = "this is a letter, not a database\n".repeat(100);
    let place = Place::new().file("letter.txt", &content);
    place
        .run("serve --port 0 --database letter.txt")
        .assert_failed(FAILURE, &["cannot open the database sqlite://letter.txt given by --database: it is not a SQLite database"]);
    assert_eq!(
        std::fs::read_to_string(place.path().join("letter.txt")).unwrap(),
        content
    );
}

#[test]
fn a_postgresql_that_does_not_answer_is_said_without_its_password() {
    let port = silent_port();
    let url = format!("postgres://alongside:hunter2@127.0.0.1:{port}/alongside");
    for format in ["text", "json"] {
        let run = Place::new()
            .variable("DATABASE_URL", &url)
            .run(&format!("serve --port 0 --log off --log-format {format}"));
        run.assert_failed(
            FAILURE,
            &[
                "cannot open the database postgresql://***@127.0.0.1:",
                "given by DATABASE_URL",
            ],
        );
        assert!(!run.stderr.contains("hunter2"), "{run:?}");
    }
}

#[test]
fn a_mistyped_command_does_not_repeat_a_password() {
    let run = Place::new().run("serve postgres://alongside:hunter2@db/alongside");
    assert_eq!(run.code, Some(USAGE));
    assert!(!run.stderr.contains("hunter2"), "{run:?}");
}

#[test]
fn a_failure_is_a_json_line_where_the_log_is_json() {
    let (_listener, port) = port_in_use();
    let run = Place::new().run(&format!("serve --port {port} --log-format json"));
    run.assert_failed(FAILURE, &["in use"]);
    let line: serde_json::Value = serde_json::from_str(run.stderr.trim()).unwrap();
    assert_eq!(line["level"], "ERROR");
}

#[test]
fn no_address_that_is_written_wrongly_shows_its_password() {
    for url in [
        "postgres://u:S3CRET/p@127.0.0.1:1/x",
        "postgres://u:S3CRET",
        "postgres://u:S3CRET/x",
        "postgres://127.0.0.1:1/x?S3CRET",
        "postgres://u:S3CRET@127.0.0.1:1/x",
        "host=127.0.0.1 port=1 password=S3CRET",
    ] {
        for format in ["text", "json"] {
            for command in ["serve --port 0", "suggest RTH"] {
                let run = Place::new()
                    .variable("DATABASE_URL", url)
                    .run(&format!("{command} --log-format {format}"));
                assert!(matches!(run.code, Some(FAILURE | USAGE)), "{run:?}");
                run.assert_says(&["DATABASE_URL"]);
                assert!(!format!("{run:?}").contains("S3CRET"), "{run:?}");
            }
        }
    }
    for arguments in [
        "health --url http://user:S3CRET@127.0.0.1:1/",
        "health http://user:S3CRET@127.0.0.1:1/",
        "serve postgres://u:S3CRET",
    ] {
        let run = Place::new().run(arguments);
        assert_eq!(run.code, Some(USAGE), "{run:?}");
        assert!(!format!("{run:?}").contains("S3CRET"), "{run:?}");
    }
}

#[test]
fn a_variable_that_means_nothing_is_named_once_without_its_value() {
    let run = Place::new()
        .variable("ALONGSIDE_HTPP_PORT", "S3CRET")
        .variable("ALONGSIDE_SERVICE_HOST", "10.0.0.1")
        .run("openapi");
    assert_eq!(
        (run.code, run.stderr.lines().count()),
        (Some(0), 1),
        "{}",
        run.stderr
    );
    run.assert_says(&["WARN", "ALONGSIDE_HTPP_PORT"]);
    assert!(!run.stderr.contains("S3CRET"));
}
