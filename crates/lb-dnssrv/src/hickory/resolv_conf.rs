//! The system's resolver configuration, read again when it changes.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::search::SearchList;

const PORT: u16 = 53;

/// What of resolv.conf(5) matters here: of the options, `ndots` and `timeout`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SystemConfig {
    pub(super) name_servers: Vec<SocketAddr>,
    pub(super) search: SearchList,
    pub(super) timeout: Duration,
}

impl Default for SystemConfig {
    /// That of a system without a resolv.conf: no search list, and whatever servers are given.
    fn default() -> Self {
        let search = SearchList { ndots: 1, domains: Vec::new() };
        Self { name_servers: Vec::new(), search, timeout: Duration::from_secs(5) }
    }
}

/// The file is missing or unreadable.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the resolver configuration {}: {source}", .path.display())]
pub(super) struct UnreadableConfig {
    path: PathBuf,
    source: io::Error,
}

/// The file, and what it said when it was last read.
#[derive(Debug)]
pub(super) struct ResolvConf {
    path: PathBuf,
    last: Option<(Vec<u8>, SystemConfig)>,
}

impl ResolvConf {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, last: None }
    }

    /// What the file says now. Its contents are compared, not its times: it is small, and a time may repeat.
    pub(super) fn read(&mut self) -> Result<SystemConfig, UnreadableConfig> {
        let text = std::fs::read(&self.path)
            .map_err(|source| UnreadableConfig { path: self.path.clone(), source })?;
        if let Some((last, config)) = &self.last
            && *last == text
        {
            return Ok(config.clone());
        }
        let (config, errors) = parse(&text);
        for error in errors {
            log::warn!(target: crate::LOG, error:%; "{}: {error}", self.path.display());
        }
        self.last = Some((text, config.clone()));
        Ok(config)
    }
}

/// Reads the file's text. As in the C library, what cannot be understood is passed over, and without a name server the
/// one of this machine is asked.
fn parse(text: &[u8]) -> (SystemConfig, Vec<resolv_conf::ParseError>) {
    let (config, errors) = resolv_conf::Config::parse_with_errors(text);
    let name_servers = config.get_nameservers_or_local();
    let config = SystemConfig {
        name_servers: name_servers.iter().map(|ip| SocketAddr::new(IpAddr::from(ip), PORT)).collect(),
        search: SearchList {
            ndots: usize::try_from(config.ndots).unwrap_or(usize::MAX),
            domains: config.get_last_search_or_domain().map(ToOwned::to_owned).collect(),
        },
        timeout: Duration::from_secs(u64::from(config.timeout.clamp(1, 30))),
    };
    (config, errors)
}

#[cfg(test)]
mod tests {
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
        let (config, errors) =
            parse(b"nameserver nonsense\n\xff\xfe\nnameserver 10.0.0.2\noptions ndots:many\n");
        assert_eq!(config.name_servers, [address("10.0.0.2")]);
        assert_eq!(errors.len(), 3, "{errors:?}");
    }

    #[test]
    fn a_missing_file_is_an_error_that_names_it() {
        let error =
            ResolvConf::new("/nonexistent/resolv.conf".into()).read().expect_err("there is no such file");
        assert!(error.to_string().contains("/nonexistent/resolv.conf"), "{error}");
    }

    #[test]
    fn name_servers_that_change_are_seen_at_the_next_read() {
        let path = std::env::temp_dir().join(format!("lb-dnssrv-{}-name-servers.conf", std::process::id()));
        let mut file = ResolvConf::new(path.clone());
        for server in ["10.0.0.1", "10.0.0.2", "10.0.0.2"] {
            std::fs::write(&path, format!("nameserver {server}\n")).expect("the file can be written");
            assert_eq!(file.read().expect("it is there").name_servers, [address(server)]);
        }
        std::fs::remove_file(&path).expect("it can be removed");
        assert!(file.read().is_err());
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
}
