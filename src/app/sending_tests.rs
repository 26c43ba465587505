use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Mutex;

use super::*;

/// A network that leads nowhere: names lead where the test says, and what is about to be connected to is written down and refused,
/// so that no packet can leave.
struct Recorder {
    connections: Arc<Mutex<Vec<SocketAddr>>>,
    lookups: Arc<Mutex<usize>>,
    network: Network,
}

impl Recorder {
    /// Answers each look-up with the next of these lists, and with the last from then on.
    fn new(answers: &[&[&str]]) -> Self {
        let answers: Vec<Vec<IpAddr>> = answers
            .iter()
            .map(|texts| texts.iter().map(|text| text.parse().unwrap()).collect())
            .collect();
        let connections: Arc<Mutex<Vec<SocketAddr>>> = Arc::default();
        let lookups: Arc<Mutex<usize>> = Arc::default();
        let (told, counted) = (Arc::clone(&connections), Arc::clone(&lookups));
        let network = Network {
            resolve: Arc::new(move |host, port| {
                if let Ok(address) = host.parse::<IpAddr>() {
                    return Ok(vec![SocketAddr::new(address, port)]);
                }
                let mut n = counted.lock().unwrap();
                let at = (*n).min(answers.len() - 1);
                *n += 1;
                Ok(answers[at]
                    .iter()
                    .map(|&address| SocketAddr::new(address, port))
                    .collect())
            }),
            admit: Arc::new(move |address| {
                told.lock().unwrap().push(address);
                Err(io::ErrorKind::ConnectionRefused.into())
            }),
        };
        Self {
            connections,
            lookups,
            network,
        }
    }

    fn send(&self, destinations: Destinations, url: &str) -> Attempt {
        send(destinations, self.network.clone(), url)
    }

    fn connections(&self) -> Vec<SocketAddr> {
        self.connections.lock().unwrap().clone()
    }
}

fn at() -> DateTime<Utc> {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

fn send(destinations: Destinations, network: Network, url: &str) -> Attempt {
    let secrets = [WebhookSecret::from_random([1; 32])];
    let message = Message {
        id: "msg",
        at: at(),
        body: b"{}",
        secrets: &secrets,
    };
    Sender::new(destinations, network).send(url, &message)
}

/// Unprotected, so that a test needs no certificate; where it may lead is as strict as ever.
fn by_http() -> Destinations {
    Destinations {
        allowed: Vec::new(),
        allows_http: true,
    }
}

#[test]
fn sixty_addresses_and_more_are_refused_before_any_connection() {
    let mut n_refused = 0;
    // As names lead to them.
    for address in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.8.8.8",
        "168.63.129.16",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:a00:1::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        let recorder = Recorder::new(&[&[address]]);
        for url in [
            "https://hooks.example.nhs.uk/x",
            "http://hooks.example.nhs.uk:8080/x",
        ] {
            let attempt = recorder.send(by_http(), url);
            assert_eq!(
                attempt.error,
                Some(AttemptError::Address),
                "{address} {url}"
            );
        }
        assert_eq!(recorder.connections(), [], "{address}");
        n_refused += 1;
    }
    // As they are written.
    for url in [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://127.1/",
        "http://0/",
        "http://0xA9FEA9FE/",
        "http://2852039166/",
        "http://[::1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fe80::1]/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://a.localhost:8443/",
        "http://127.0.0.1:22/",
        "ftp://8.8.8.8/",
        "file:///etc/passwd",
        "http://8.8.8.8@10.0.0.1/",
        "http://10.0.0.1#@8.8.8.8/",
    ] {
        let recorder = Recorder::new(&[&["8.8.8.8"]]);
        let attempt = recorder.send(by_http(), url);
        assert_eq!(attempt.error, Some(AttemptError::Address), "{url}");
        assert_eq!(recorder.connections(), [], "{url}");
        n_refused += 1;
    }
    assert!(n_refused >= 60, "{n_refused}");
}

#[test]
fn one_private_address_among_public_ones_spoils_all() {
    for addresses in [["8.8.8.8", "10.0.0.1"], ["::1", "2606:4700::1"]] {
        let recorder = Recorder::new(&[&addresses]);
        let attempt = recorder.send(by_http(), "http://hooks.example.nhs.uk/");
        assert_eq!(attempt.error, Some(AttemptError::Address));
        assert_eq!(recorder.connections(), []);
    }
}

#[test]
fn a_name_that_leads_elsewhere_a_moment_later_leads_nowhere() {
    let recorder = Recorder::new(&[&["8.8.8.8"], &["127.0.0.1"]]);
    let attempt = recorder.send(by_http(), "http://hooks.example.nhs.uk/");
    // Only what was checked was about to be connected to, and the name was looked up once for it.
    assert_eq!(attempt.error, Some(AttemptError::Connection));
    assert_eq!(recorder.connections(), ["8.8.8.8:80".parse().unwrap()]);
    assert_eq!(*recorder.lookups.lock().unwrap(), 1);
    let attempt = recorder.send(by_http(), "http://hooks.example.nhs.uk/");
    assert_eq!(attempt.error, Some(AttemptError::Address));
    assert_eq!(recorder.connections().len(), 1);
}

#[test]
fn a_receiver_sends_us_nowhere_else() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let mut n_requests = 0;
        for location in [
            "http://169.254.169.254/latest/meta-data/",
            "http://10.0.0.1/",
            "//[::1]/",
            "/again",
        ] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            assert!(stream.read(&mut head).unwrap() > 0);
            let answer = format!(
                "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).unwrap();
            n_requests += 1;
        }
        n_requests
    });
    let connections: Arc<Mutex<Vec<SocketAddr>>> = Arc::default();
    let told = Arc::clone(&connections);
    let network = Network {
        // To the test's own receiver, and nowhere else.
        admit: Arc::new(move |address| {
            told.lock().unwrap().push(address);
            if address == place {
                Ok(())
            } else {
                Err(io::ErrorKind::ConnectionRefused.into())
            }
        }),
        ..Network::system()
    };
    let local = Destinations {
        allowed: vec!["127.0.0.0/8".parse().unwrap()],
        allows_http: true,
    };
    for _ in 0..4 {
        let attempt = send(local.clone(), network.clone(), &format!("http://{place}/"));
        assert_eq!(attempt.error, Some(AttemptError::Redirect));
        assert_eq!(attempt.status, Some(302));
    }
    assert_eq!(server.join().unwrap(), 4);
    assert_eq!(*connections.lock().unwrap(), [place; 4]);
}

#[test]
fn nobody_there_and_no_such_name_are_told_apart() {
    let recorder = Recorder::new(&[&["8.8.8.8"]]);
    let attempt = recorder.send(by_http(), "http://hooks.example.nhs.uk/");
    assert_eq!(attempt.error, Some(AttemptError::Connection));
    let nameless = Network {
        resolve: Arc::new(|_, _| Err(io::ErrorKind::NotFound.into())),
        ..recorder.network.clone()
    };
    let attempt = send(by_http(), nameless, "http://hooks.example.nhs.uk/");
    assert_eq!(attempt.error, Some(AttemptError::Name));
}

#[test]
fn a_message_is_signed_as_the_standard_shows() {
    // The example of the specification of Standard Webhooks.
    let secrets = [WebhookSecret::stored(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(),
    )];
    let message = Message {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        at: DateTime::from_timestamp(1_614_265_330, 0).unwrap(),
        body: br#"{"test": 2432232314}"#,
        secrets: &secrets,
    };
    assert_eq!(
        message.signatures().as_deref(),
        Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    );
}

#[test]
fn a_wait_is_read_in_seconds_and_as_a_date() {
    let of = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        retry_after(&headers, at()).map(|wait| wait.num_seconds())
    };
    assert_eq!(of("120"), Some(120));
    assert_eq!(of("Sun, 22 Nov 2026 09:01:00 GMT"), Some(60));
    assert_eq!(of("soon"), None);
}
