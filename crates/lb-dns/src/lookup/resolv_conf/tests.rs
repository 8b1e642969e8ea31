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

/// A file of a test's own.
struct Conf(PathBuf);

impl Conf {
    fn new(test: &str) -> Self {
        Self(std::env::temp_dir().join(format!("lb-dns-{}-{test}.conf", std::process::id())))
    }

    fn write(&self, text: impl AsRef<[u8]>) {
        std::fs::write(&self.0, text).expect("the file can be written");
    }
}

impl Drop for Conf {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

type Holds = fn(&SystemConfig) -> bool;
type Spoil = fn(&PathBuf);

const GOOD: &str = "nameserver 10.0.0.1\nsearch a.test\n";

fn read(file: &mut ResolvConf) -> SystemConfig {
    file.read(&Context::background()).expect("there is a configuration")
}

#[test]
fn case_27_options_are_read() {
    let cases: [(&str, Holds); 4] = [
        ("rotate", |config| config.rotate),
        ("use-vc", |config| config.use_vc),
        ("no-aaaa", |config| config.no_aaaa),
        ("timeout:7", |config| config.timeout == Duration::from_secs(7)),
    ];
    for (option, holds) in cases {
        let (config, _) = parse(format!("{GOOD}options {option}\n").as_bytes());
        assert!(holds(&config), "{option}: {config:?}");
        assert!(!holds(&parse(GOOD.as_bytes()).0), "{option}");
    }
}

#[test]
fn case_31b_an_emptied_file_never_replaces_a_good_one() {
    for left in ["", "\n# nothing\n", "options ndots:2\n", "search b.test\n"] {
        let conf = Conf::new("emptied");
        conf.write(GOOD);
        let mut file = ResolvConf::new(conf.0.clone());
        let good = read(&mut file);
        conf.write(left);
        assert_eq!(read(&mut file), good, "{left:?}");
        assert!(file.warned.is_some(), "{left:?}");
        conf.write("nameserver 10.0.0.2\n");
        assert_eq!(read(&mut file).name_servers, [address("10.0.0.2")]);
        assert_eq!(file.warned, None);
    }
}

#[test]
fn case_31b_a_search_line_that_is_gone_for_a_moment_stays() {
    let conf = Conf::new("moment");
    conf.write(GOOD);
    let mut file = ResolvConf::new(conf.0.clone());
    let good = read(&mut file);
    conf.write("nameserver 10.0.0.1\n");
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| read(&mut file));
        // The rest of the file comes while the reader waits for the first part to stand.
        std::thread::park_timeout(MOMENT / 5);
        conf.write(GOOD);
        assert_eq!(reading.join().expect("no panic"), good);
    });
}

#[test]
fn case_31a_and_31c_what_cannot_be_read_leaves_the_last_configuration_and_one_warning() {
    let spoils: [(&str, Spoil); 3] = [
        ("deleted", |path| std::fs::remove_file(path).expect("it is there")),
        ("a directory", |path| {
            std::fs::remove_file(path).expect("it is there");
            std::fs::create_dir(path).expect("its place is free");
        }),
        ("too long", |path| std::fs::write(path, vec![b'#'; 2 << 20]).expect("it can be written")),
    ];
    for (what, spoil) in spoils {
        let conf = Conf::new("spoiled");
        conf.write(GOOD);
        let mut file = ResolvConf::new(conf.0.clone());
        let good = read(&mut file);
        spoil(&conf.0);
        assert_eq!(read(&mut file), good, "{what}");
        assert!(file.warned.as_ref().is_some_and(|warning| warning.contains("spoiled.conf")), "{what}");
        drop(std::fs::remove_dir(&conf.0));
    }
}

#[test]
fn case_31a_a_file_that_cannot_be_read_from_the_start_is_warned_of_and_a_missing_one_is_not() {
    let conf = Conf::new("never-read");
    let mut file = ResolvConf::new(conf.0.clone());
    assert_eq!(file.read_or_default(&Context::background()), SystemConfig::default());
    assert_eq!(file.warned, None);
    std::fs::create_dir(&conf.0).expect("its place is free");
    assert_eq!(file.read_or_default(&Context::background()), SystemConfig::default());
    std::fs::remove_dir(&conf.0).expect("it is empty");
    assert!(
        file.warned.as_ref().is_some_and(|warning| warning.contains("never-read.conf")),
        "{:?}",
        file.warned
    );
}

#[cfg(unix)]
#[test]
fn case_31c_a_fifo_is_refused_and_does_not_hang() {
    let conf = Conf::new("fifo");
    let made = std::process::Command::new("mkfifo").arg(&conf.0).status();
    assert!(made.expect("mkfifo is everywhere").success());
    let error = ResolvConf::new(conf.0.clone()).read(&Context::background()).expect_err("it is no file");
    assert!(error.to_string().contains("not a regular file"), "{error}");
}
