//! Follows a DNS SRV name, and prints every change of its instances as it happens.
//!
//! ```text
//! cargo run --example watch
//! cargo run --example watch -- --name _http._tcp.example. --server 127.0.0.1:5353 --refresh 2s
//! ```
//!
//! Without a name it shows itself on a DNS server of its own, and ends after a few changes. Without `--server` the system's
//! servers are asked; without `--refresh` as often as the records' TTL says. Exit code 2: bad arguments.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, Sender, unbounded};
use lb_test::{DnsServer, Record};
use loadbalancer::{
    BoxError, DnsSrvError, DnsSrvPublisher, Error, Instance, Observer, OnEmpty, Publisher, Refresh,
};

const USAGE: &str = "\
usage: cargo run --example watch
       cargo run --example watch -- --name NAME [--server IP:PORT]... [--refresh TIME]

  --name     the SRV name to follow, say _http._tcp.example.
  --server   a DNS server to ask, say 127.0.0.1:5353; several are tried in turn;
             none means the system's
  --refresh  how often to ask, say 2s or 500ms; by default the records' TTL says

Without a name it shows itself on a DNS server of its own.";

fn main() -> ExitCode {
    // Discovery tells its troubles by way of `log`.
    if log::set_logger(&Warnings).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
    let result = match Command::parse(std::env::args().skip(1)) {
        Ok(Command::Help) => {
            println!("{USAGE}");
            Ok(())
        }
        Ok(Command::Demo) => demo(),
        Ok(Command::Follow { name, servers, refresh }) => follow(&name, &servers, refresh),
        Err(message) => {
            eprintln!("{message}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let Err(error) = result else { return ExitCode::SUCCESS };
    eprintln!("{error}");

    let rule = error.downcast_ref();
    let bad_argument =
        matches!(rule, Some(DnsSrvError::InvalidName { .. } | DnsSrvError::InvalidNameServer { .. }));
    ExitCode::from(if bad_argument { 2 } else { 1 })
}

/// Prints every change, for ever.
fn follow(name: &str, servers: &[SocketAddr], refresh: Refresh) -> Result<(), BoxError> {
    let mut watch = Watch::start(name, servers, refresh)?;
    println!("{}  following {name}", now());
    loop {
        watch.changes.recv()?;
        watch.show();
    }
}

/// Changes DNS a few times, and prints what comes of it.
fn demo() -> Result<(), BoxError> {
    const NAME: &str = "_http._tcp.example.";
    let srv = |priority, weight, target| Record::srv(priority, weight, 8080, target);
    let acts = [
        ("two instances", vec![srv(0, 1, "a.example."), srv(0, 1, "b.example.")]),
        ("a third joins", vec![srv(0, 1, "a.example."), srv(0, 1, "b.example."), srv(10, 1, "c.example.")]),
        ("a gets more weight, b leaves", vec![srv(0, 5, "a.example."), srv(10, 1, "c.example.")]),
        ("nobody is left", vec![]),
    ];
    let dns = DnsServer::start()?;
    let mut watch = None;
    for (act, records) in acts {
        println!("\nDNS: {act}");
        dns.set(NAME, records);
        let watch = match &mut watch {
            Some(watch) => watch,
            none => {
                none.insert(Watch::start(NAME, &[dns.address()], Refresh::Every(Duration::from_millis(50)))?)
            }
        };
        while !watch.show() {
            watch.changes.recv_timeout(Duration::from_secs(10))?;
        }
    }
    Ok(())
}

/// A publisher, and what was last printed of it.
struct Watch {
    publisher: DnsSrvPublisher<()>,
    changes: Receiver<()>,
    #[expect(dead_code, reason = "the publisher holds it weakly, so somebody else must hold it")]
    observer: Arc<dyn Observer>,
    printed: Option<BTreeMap<String, Instance>>,
}

impl Watch {
    /// Does not wait for the first answer: it is a change like the others.
    fn start(name: &str, servers: &[SocketAddr], refresh: Refresh) -> Result<Self, BoxError> {
        let builder = DnsSrvPublisher::builder(name)
            .refresh(refresh)
            .timeout(Duration::from_secs(2))
            .on_empty(OnEmpty::Empty);
        let builder = servers.iter().fold(builder, |builder, server| builder.name_server(*server));
        let publisher = builder.start(|_: &Instance| Ok::<_, BoxError>(()))?;
        let (sender, changes) = unbounded();
        // The first answer may have come already.
        sender.send(())?;
        let observer: Arc<dyn Observer> = Arc::new(Changed(sender));
        publisher.subscribe(Arc::downgrade(&observer));
        Ok(Self { publisher, changes, observer, printed: None })
    }

    /// Prints how the set differs from what was printed last; `false` if it does not.
    fn show(&mut self) -> bool {
        let set = match self.publisher.endpoints() {
            Ok(set) => set,
            Err(Error::NotReady) => return false,
            Err(error) => {
                println!("{}  ! {error}", now());
                return false;
            }
        };
        let instances = set.instances().map(|instance| (instance.address().to_owned(), instance.clone()));
        let new: BTreeMap<_, _> = instances.collect();
        if self.printed.as_ref() == Some(&new) {
            return false;
        }
        let old = self.printed.replace(new).unwrap_or_default();
        self.print_changes_since(&old);
        true
    }

    fn print_changes_since(&self, old: &BTreeMap<String, Instance>) {
        let (now, new) = (now(), self.printed.as_ref().unwrap_or(old));
        let line = |mark, instance: &Instance, note: &str| {
            let (address, priority, weight) = (instance.address(), instance.priority(), instance.weight());
            println!("{now}  {mark} {address:<30}  priority {priority:>5}  weight {weight:>5}  {note}");
        };
        for (address, instance) in new {
            match old.get(address) {
                None => line('+', instance, "added"),
                Some(before) if before == instance => {}
                Some(before) => {
                    let (priority, weight) = (before.priority(), before.weight());
                    line('~', instance, &format!("changed from priority {priority}, weight {weight}"));
                }
            }
        }
        for instance in old.iter().filter(|(address, _)| !new.contains_key(*address)).map(|(_, gone)| gone) {
            line('-', instance, "removed");
        }
        println!("{now}  = {} in the set", new.len());
    }
}

/// Tells when the set has changed.
struct Changed(Sender<()>);

impl Observer for Changed {
    fn changed(&self) {
        let _ = self.0.send(());
    }
}

/// The time of day, UTC.
fn now() -> String {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, millis) = (time.as_secs() % 86_400, time.subsec_millis());
    format!("{:02}:{:02}:{:02}.{millis:03}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A logger for those who look on: the library's warnings, to standard error.
struct Warnings;

impl log::Log for Warnings {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn && metadata.target().starts_with("lb-")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            eprintln!("{}  ! {}: {}", now(), record.target(), record.args());
        }
    }

    fn flush(&self) {}
}

enum Command {
    Demo,
    Follow { name: String, servers: Vec<SocketAddr>, refresh: Refresh },
    Help,
}

impl Command {
    fn parse(args: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let (mut name, mut servers, mut refresh) = (None, Vec::new(), None);
        let mut args = args.into_iter();
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--name" => name = Some(value()?),
                "--server" => servers.push(parse_server(&value()?)?),
                "--refresh" => refresh = Some(Refresh::Every(parse_time(&value()?)?)),
                "--help" | "-h" => return Ok(Self::Help),
                _ => return Err(format!("unknown argument {flag:?}")),
            }
        }
        let by_ttl = Refresh::Ttl { min: Duration::from_secs(1), max: Duration::from_secs(60) };
        match name {
            Some(name) => Ok(Self::Follow { name, servers, refresh: refresh.unwrap_or(by_ttl) }),
            None if servers.is_empty() && refresh.is_none() => Ok(Self::Demo),
            None => Err("--server and --refresh need --name: which name shall be followed?".to_owned()),
        }
    }
}

fn parse_server(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("--server {text:?} is not IP:PORT, say 127.0.0.1:5353 or [::1]:53"))
}

fn parse_time(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1e-3),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let seconds = number.parse().map(|number: f64| number * unit).unwrap_or_default();
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err(format!("--refresh {text:?} is not a time above zero, say 2s or 500ms")),
    }
}
