//! The lookup behind the feature `hickory`.

mod addresses;
mod failure;
mod reply;
mod resolv_conf;
mod search;
mod servers;
mod silent_servers;

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use hickory_resolver::proto::rr::RecordType;
use lb_core::{BoxError, Context};
use tokio::runtime::{Builder, Runtime};

use self::failure::Failure;
use self::resolv_conf::{ResolvConf, SystemConfig};
use self::search::Search;
use self::servers::Servers;
use self::silent_servers::SilentServers;
use crate::{Addresses, SrvAnswer, SrvLookup};

/// Which servers to ask, and how long to wait for each. What is not given comes from resolv.conf.
#[derive(Clone, Debug)]
pub(crate) struct ResolverSettings {
    pub(crate) name_servers: Vec<SocketAddr>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) resolv_conf: PathBuf,
}

impl Default for ResolverSettings {
    fn default() -> Self {
        Self { name_servers: Vec::new(), timeout: None, resolv_conf: "/etc/resolv.conf".into() }
    }
}

/// Asks the servers anew for each refresh: nothing is cached, and no connection is kept that could have died meanwhile.
pub(crate) struct HickoryLookup {
    settings: ResolverSettings,
    resolv_conf: ResolvConf,
    silent: Arc<Mutex<SilentServers>>,
    // Made at the first lookup and dropped with this on the discovery thread: a runtime must not be dropped inside another.
    runtime: Option<Runtime>,
}

impl HickoryLookup {
    pub(crate) fn new(settings: ResolverSettings) -> Self {
        let resolv_conf = ResolvConf::new(settings.resolv_conf.clone());
        Self { settings, resolv_conf, silent: Arc::default(), runtime: None }
    }

    /// The configuration of now. A missing file is an error only where there are no name servers without it.
    fn config(&mut self) -> Result<SystemConfig, BoxError> {
        let given = &self.settings;
        let mut config = match self.resolv_conf.read() {
            Ok(config) => config,
            Err(_) if !given.name_servers.is_empty() => SystemConfig::default(),
            Err(error) => return Err(error.into()),
        };
        if !given.name_servers.is_empty() {
            config.name_servers.clone_from(&given.name_servers);
        }
        config.timeout = given.timeout.unwrap_or(config.timeout);
        Ok(config)
    }

    fn servers(&self, config: SystemConfig) -> Result<Servers, BoxError> {
        Ok(Servers::new(config.name_servers, config.timeout, Arc::clone(&self.silent))?)
    }

    /// Runs a future to its end, or until the context is cancelled.
    fn run<T>(&mut self, ctx: &Context, future: impl Future<Output = T>) -> Result<T, BoxError> {
        let runtime = match &mut self.runtime {
            Some(runtime) => runtime,
            missing => missing.insert(Builder::new_current_thread().enable_io().enable_time().build()?),
        };
        let mut cancelled = ctx.on_cancelled();
        let mut future = pin!(future);
        let either = poll_fn(|cx| match Pin::new(&mut cancelled).poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => future.as_mut().poll(cx).map(Some),
        });
        runtime.block_on(either).ok_or_else(|| "stopped while looking up".into())
    }
}

impl SrvLookup for HickoryLookup {
    fn lookup_srv(&mut self, ctx: &Context, name: &str) -> Result<SrvAnswer, BoxError> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).next_refresh();
        let config = self.config()?;
        let candidates = config.search.candidates(name);
        let servers = self.servers(config)?;
        Ok(self.run(ctx, search(&servers, &candidates))??)
    }

    fn lookup_addresses(&mut self, ctx: &Context, target: &str) -> Result<Addresses, BoxError> {
        self.lookup_all_addresses(ctx, &[target]).pop().unwrap_or_else(|| Ok(Addresses::default()))
    }

    fn lookup_all_addresses(&mut self, ctx: &Context, targets: &[&str]) -> Vec<Result<Addresses, BoxError>> {
        let all = |lookup: &mut Self| {
            let config = lookup.config()?;
            let servers = Arc::new(lookup.servers(config)?);
            lookup.run(ctx, addresses::resolve_all(&servers, targets))
        };
        all(self).unwrap_or_else(|error: BoxError| {
            let error = error.to_string();
            targets.iter().map(|_| Err(error.clone().into())).collect()
        })
    }
}

async fn search(servers: &Servers, candidates: &[String]) -> Result<SrvAnswer, Failure> {
    let mut search = Search::default();
    for candidate in candidates {
        let outcome = servers.resolve(candidate, RecordType::SRV).await;
        if let Some(result) = search.add(outcome.map(reply::Found::into_srv)) {
            return result;
        }
    }
    search.end()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use lb_test::DnsServer;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_hanging_lookup_returns_when_it_is_cancelled() {
        let server = DnsServer::start().expect("a DNS server starts");
        server.pause();
        let (queries, name_servers) = (server.events(), vec![server.address()]);
        let settings = ResolverSettings { name_servers, timeout: Some(HOUR), ..ResolverSettings::default() };
        let (ctx, canceller) = Context::background().with_cancel();
        let (sender, returned) = crossbeam_channel::bounded(1);
        thread::spawn(move || {
            sender.send(HickoryLookup::new(settings).lookup_srv(&ctx, "web.example.").is_err())
        });
        queries.recv().expect("the lookup is under way");
        canceller.cancel();
        assert_eq!(returned.recv_timeout(HOUR / 180), Ok(true));
    }
}
