use proptest::prelude::*;

use super::*;

fn address(ip: &str) -> SocketAddr {
    SocketAddr::new(ip.parse().expect("an address"), 53)
}

#[test]
fn servers_search_list_and_options_are_read() {
    let text = "# a comment\nnameserver 10.0.0.1\nnameserver ::1\nsearch a.test b.test\noptions ndots:5 timeout:2 trust-ad\n";
    let (config, errors) = parse(text.as_bytes());
    assert_eq!(config.name_servers, [address("10.0.0.1"), address("::1")]);
    assert_eq!(config.search, SearchList { ndots: 5, domains: vec!["a.test".into(), "b.test".into()] });
    assert_eq!(config.timeout, Duration::from_secs(2));
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn an_empty_file_means_the_server_of_this_machine() {
    let (config, _) = parse(b"");
    assert!(config.name_servers.contains(&address("127.0.0.1")), "{config:?}");
    assert_eq!(config.search, SearchList { ndots: 1, domains: vec![] });
    assert_eq!(config.timeout, Duration::from_secs(5));
}

#[test]
fn what_cannot_be_understood_costs_only_its_line() {
    let (config, errors) = parse(b"nameserver nonsense\n\xff\xfe\nnameserver 10.0.0.2\noptions ndots:many\n");
    assert_eq!(config.name_servers, [address("10.0.0.2")]);
    assert_eq!(errors.len(), 3, "{errors:?}");
}

#[test]
fn a_missing_file_is_an_error_that_names_it() {
    let error = ResolvConf::new("/nonexistent/resolv.conf".into())
        .read(&Context::background())
        .expect_err("there is no such file");
    assert!(error.to_string().contains("/nonexistent/resolv.conf"), "{error}");
}

#[test]
fn name_servers_that_change_are_seen_at_the_next_read() {
    let path = std::env::temp_dir().join(format!("lb-dns-{}-name-servers.conf", std::process::id()));
    let mut file = ResolvConf::new(path.clone());
    for server in ["10.0.0.1", "10.0.0.2", "10.0.0.2"] {
        std::fs::write(&path, format!("nameserver {server}\n")).expect("the file can be written");
        assert_eq!(file.read(&Context::background()).expect("it is there").name_servers, [address(server)]);
    }
    std::fs::remove_file(&path).expect("it can be removed");
    let kept = file.read(&Context::background()).expect("the last configuration stays");
    assert_eq!(kept.name_servers, [address("10.0.0.2")]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(text in any::<Vec<u8>>()) {
        let (config, _) = parse(&text);
        prop_assert!(!config.name_servers.is_empty());
    }

    #[test]
    fn any_lines_are_read_without_panic(lines in "((nameserver|search|domain|options|sortlist) [ -~]{0,40}\n){0,6}") {
        let (config, _) = parse(lines.as_bytes());
        prop_assert!(!config.name_servers.is_empty() && config.timeout >= Duration::from_secs(1));
    }
}
