use super::*;

fn nothing_allowed() -> Destinations {
    Destinations::default()
}

/// Addresses that are not of the public internet, in every form that a resolver or a caller may write them in.
const PRIVATE: [&str; 52] = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::10.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::1",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "fd00:ec2::254",
    "fe80::1",
];

/// The same for the rest of IPv6.
const MORE_PRIVATE: [&str; 5] = ["fc00::1", "fec0::1", "ff02::1", "5f00::1", "4000::1"];

const PUBLIC: [&str; 12] = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450::1",
    "64:ff9b::8.8.8.8",
    "::ffff:8.8.8.8",
];

#[test]
fn what_is_not_of_the_public_internet_is_refused() {
    let nothing = nothing_allowed();
    for text in PRIVATE.into_iter().chain(MORE_PRIVATE) {
        let address: IpAddr = text.parse().unwrap();
        assert_eq!(nothing.check(address), Err(Refused::Address), "{text}");
    }
    for text in PUBLIC {
        let address: IpAddr = text.parse().unwrap();
        assert_eq!(nothing.check(address), Ok(()), "{text}");
    }
}

#[test]
fn one_address_that_may_not_be_reached_spoils_all() {
    let of = |texts: &[&str]| {
        let addresses: Vec<IpAddr> = texts.iter().map(|text| text.parse().unwrap()).collect();
        nothing_allowed().check_all(&addresses)
    };
    assert_eq!(of(&["8.8.8.8", "1.1.1.1"]), Ok(()));
    for bad in [&[][..], &["8.8.8.8", "10.0.0.1"], &["::1", "8.8.8.8"]] {
        assert_eq!(of(bad), Err(Refused::Address), "{bad:?}");
    }
}

#[test]
fn an_address_in_other_digits_is_the_same_address() {
    for text in [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://127.1/",
        "https://127.0.1/",
        "https://0/",
        "https://0xA9FEA9FE/latest/meta-data/",
        "https://2852039166/",
        "https://[::1]/",
        "https://[::ffff:7f00:1]/",
        "https://[0:0:0:0:0:ffff:169.254.169.254]/",
        "https://①②⑦.0.0.1/",
        "https://127。0。0。1/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://a.localhost:8443/",
    ] {
        let refused = nothing_allowed().read(text).unwrap_err();
        // What is not ASCII is refused before it can stand for something else.
        let why = if text.is_ascii() {
            Refused::Address
        } else {
            Refused::Form
        };
        assert_eq!(refused, why, "{text}");
    }
}

#[test]
fn an_address_is_https_and_holds_no_secret() {
    let nothing = nothing_allowed();
    for good in [
        "https://hooks.example.nhs.uk/alongside?x=1",
        "https://hooks.example.nhs.uk:8443/",
        "https://8.8.8.8/x",
        "https://[2606:4700:4700::1111]/",
    ] {
        assert!(nothing.read(good).is_ok(), "{good}");
    }
    for (bad, why) in [
        ("", Refused::Form),
        ("hooks.example.nhs.uk", Refused::Form),
        ("ftp://hooks.example.nhs.uk/", Refused::Form),
        ("file:///etc/passwd", Refused::Form),
        ("gopher://hooks.example.nhs.uk:70/", Refused::Form),
        ("http://hooks.example.nhs.uk/", Refused::Scheme),
        (
            "https://a:secret@hooks.example.nhs.uk/",
            Refused::Credentials,
        ),
        ("https://@hooks.example.nhs.uk/", Refused::Credentials),
        ("https://hooks.example.nhs.uk/#x", Refused::Form),
        ("https:///path", Refused::Host),
        ("https://hooks.example.nhs.uk:0/", Refused::Host),
        ("https://a_b.example.nhs.uk/", Refused::Host),
        ("https://hooks example.nhs.uk/", Refused::Form),
        ("https://hooks.example.nhs.uk\\@10.0.0.1/", Refused::Form),
    ] {
        assert_eq!(nothing.read(bad).map(|_| ()), Err(why), "{bad}");
    }
    let long = format!("https://hooks.example.nhs.uk/{}", "x".repeat(MAX_URL_LEN));
    assert_eq!(nothing.read(&long).map(|_| ()), Err(Refused::Form));
}

#[test]
fn what_is_allowed_by_name_is_allowed_and_nothing_beside_it() {
    let some = Destinations {
        allowed: vec!["127.0.0.0/8".parse().unwrap(), "fd12::/16".parse().unwrap()],
        allows_http: true,
    };
    for good in [
        "http://127.0.0.1:9/x",
        "http://localhost/",
        "http://[fd12::1]/",
    ] {
        assert!(some.read(good).is_ok(), "{good}");
    }
    assert!(some.check("::ffff:127.0.0.1".parse().unwrap()).is_ok());
    for bad in ["http://10.0.0.1/", "http://[::1]/", "http://[fd13::1]/"] {
        assert_eq!(some.read(bad).map(|_| ()), Err(Refused::Address), "{bad}");
    }
}

#[test]
fn a_range_has_no_bits_after_its_length() {
    for good in [
        "10.0.0.0/8",
        "10.1.2.3",
        "0.0.0.0/0",
        "fd00::/8",
        "::1",
        "::/0",
    ] {
        assert!(good.parse::<Network>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "fd00::1/8",
        "x/8",
        "10.0.0.0/",
        "::/129",
    ] {
        assert!(bad.parse::<Network>().is_err(), "{bad}");
    }
    let all: Network = "0.0.0.0/0".parse().unwrap();
    assert!(all.contains("255.255.255.255".parse().unwrap()));
    assert!(!all.contains("::1".parse().unwrap()));
}
