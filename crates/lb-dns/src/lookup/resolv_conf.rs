//! The system's resolver configuration, read again when it changes.

use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lb_core::Context;
use lb_core::support::log_safely;

use super::scope;
use super::search::SearchList;

/// For how long a change must have stood: a file that is written in place is empty, or half there, for a moment.
const MOMENT: Duration = Duration::from_millis(250);
/// How often a file that goes on changing is looked at in one refresh.
const MOST_LOOKS: usize = 8;
/// Longer files are no configuration.
const LARGEST: u64 = 1 << 20;

/// What of resolv.conf(5) matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SystemConfig {
    pub(crate) name_servers: Vec<SocketAddr>,
    pub(crate) search: SearchList,
    pub(crate) timeout: Duration,
    pub(crate) rotate: bool,
    pub(crate) use_vc: bool,
    pub(crate) no_aaaa: bool,
    /// How many servers the file itself names; where it names none, the C library's default stands in.
    own_servers: usize,
}

impl Default for SystemConfig {
    /// That of a system without a resolv.conf: no search list, and whatever servers are given.
    fn default() -> Self {
        Self {
            name_servers: Vec::new(),
            search: SearchList { ndots: 1, domains: Vec::new() },
            timeout: Duration::from_secs(5),
            rotate: false,
            use_vc: false,
            no_aaaa: false,
            own_servers: 0,
        }
    }
}

impl SystemConfig {
    /// Whether this is what is left of another one while the file is being written, or after it was emptied.
    fn is_remains_of(&self, other: &Self) -> bool {
        let emptied = self.search.domains.is_empty() && !other.search.domains.is_empty();
        self.own_servers == 0 && (other.own_servers > 0 || emptied)
    }
}

/// The file is missing or unreadable.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the resolver configuration {}: {source}", .path.display())]
pub(crate) struct UnreadableConfig {
    path: PathBuf,
    source: io::Error,
}

/// The file, and what it said when it was last read.
#[derive(Debug)]
pub(crate) struct ResolvConf {
    path: PathBuf,
    last: Option<Last>,
    /// What the last warning was about, so that it is given once.
    warned: Option<String>,
}

#[derive(Debug)]
struct Last {
    text: Vec<u8>,
    config: SystemConfig,
    /// An interface that is missing now may come: read the same text again.
    doubtful: bool,
}

impl ResolvConf {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, last: None, warned: None }
    }

    /// What the file says. Its contents are compared, not its times: it is small, and a time may repeat. A change counts
    /// once it has stood for a moment, which is waited for. What cannot be read, or says nothing any more, leaves the last
    /// configuration in use.
    pub(crate) fn read(&mut self, ctx: &Context) -> Result<SystemConfig, UnreadableConfig> {
        let text = self.settled(ctx);
        let text = match (text, &self.last) {
            (Ok(text), _) => text,
            (Err(error), Some(last)) => {
                let config = last.config.clone();
                self.warn(format!("the last configuration stays: {error}"));
                return Ok(config);
            }
            (Err(error), None) => return Err(error),
        };
        if let Some(last) = &self.last
            && last.text == text
            && !last.doubtful
        {
            self.warned = None;
            return Ok(last.config.clone());
        }
        Ok(self.adopt(text))
    }

    /// As [`read`](Self::read), where there is no need of the file: without it there is no search list. That it is missing
    /// may be meant (not every system has one); that it cannot be read is not, and is warned of.
    pub(crate) fn read_or_default(&mut self, ctx: &Context) -> SystemConfig {
        self.read(ctx).unwrap_or_else(|error| {
            if error.source.kind() != io::ErrorKind::NotFound {
                self.warn(format!("no search list and no options: {error}"));
            }
            SystemConfig::default()
        })
    }

    fn adopt(&mut self, text: Vec<u8>) -> SystemConfig {
        let (config, problems) = parse(&text);
        if let Some(last) = &self.last
            && config.is_remains_of(&last.config)
        {
            let config = last.config.clone();
            self.warn("it names no server any more; the last configuration stays".to_owned());
            return config;
        }
        self.warned = self.warned.take().filter(|_| !problems.is_empty());
        if !problems.is_empty() {
            self.warn(problems.join("; "));
        }
        self.last = Some(Last { text, config: config.clone(), doubtful: !problems.is_empty() });
        config
    }

    /// The text, once it is what was read before, or has stood for a moment.
    fn settled(&self, ctx: &Context) -> Result<Vec<u8>, UnreadableConfig> {
        let mut looked = self.load()?;
        for _ in 0..MOST_LOOKS {
            let known = self.last.as_ref().is_some_and(|last| last.text == looked.text);
            if known || looked.stood || ctx.is_cancelled() {
                break;
            }
            // Disconnects when the publisher is stopped; otherwise it is a wait.
            let _ = ctx.cancelled().recv_timeout(MOMENT);
            let again = self.load()?;
            let stood = again.text == looked.text;
            looked = Looked { stood, ..again };
        }
        Ok(looked.text)
    }

    fn load(&self) -> Result<Looked, UnreadableConfig> {
        load(&self.path).map_err(|source| UnreadableConfig { path: self.path.clone(), source })
    }

    fn warn(&mut self, error: String) {
        if self.warned.as_ref() != Some(&error) {
            let path = self.path.display();
            log_safely(|| log::warn!(target: crate::LOG, error:%; "{path}: {error}"));
            self.warned = Some(error);
        }
    }
}

struct Looked {
    text: Vec<u8>,
    stood: bool,
}

/// Reads a regular file of a sane length; opening anything else may hang.
fn load(path: &Path) -> io::Result<Looked> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let file = File::open(path)?;
    let modified = file.metadata()?.modified().ok();
    let age = modified.and_then(|time| SystemTime::now().duration_since(time).ok());
    let mut text = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    Ok(Looked { text, stood: age.is_some_and(|age| age >= MOMENT) })
}

/// Reads the file's text. As in the C library, what cannot be understood is passed over, and without a name server the
/// one of this machine is asked.
pub(super) fn parse(text: &[u8]) -> (SystemConfig, Vec<String>) {
    let (config, errors) = resolv_conf::Config::parse_with_errors(text);
    let mut problems: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let mut name_servers = Vec::new();
    for address in config.get_nameservers_or_local() {
        match scope::server(&address) {
            Ok(server) => name_servers.push(server),
            Err(problem) => problems.push(problem),
        }
    }
    let config = SystemConfig {
        name_servers,
        search: SearchList {
            ndots: usize::try_from(config.ndots).unwrap_or(usize::MAX),
            domains: config.get_last_search_or_domain().map(ToOwned::to_owned).collect(),
        },
        timeout: Duration::from_secs(u64::from(config.timeout.clamp(1, 30))),
        rotate: config.rotate,
        use_vc: config.use_vc,
        no_aaaa: config.no_aaaa,
        own_servers: config.nameservers.len(),
    };
    (config, problems)
}

#[cfg(test)]
mod tests;
