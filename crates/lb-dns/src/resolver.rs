use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use hickory_proto::rr::RecordType;
use lb_core::{BoxError, Context};
use tokio::runtime::Builder;

use crate::lookup::{
    Failure, FamiliesAsked, Found, Memory, ResolvConf, Search, Servers, SystemConfig, resolve_all,
};
use crate::{Addresses, ResolverSettings, SrvAnswer, name};

/// Asks the name servers anew for each call: nothing is cached, and between calls there is no socket, no runtime and no
/// thread, only what is remembered of silent servers and of resolv.conf.
///
/// It blocks, so it is for a thread of its own; a call ends within milliseconds once its context is cancelled. Not inside an
/// async runtime.
///
/// | resolv.conf | |
/// |---|---|
/// | `nameserver` | asked where none are given, `fe80::1%eth0` with its interface (by name on Linux, by number elsewhere) |
/// | `search`, `domain`, `ndots` | complete relative names |
/// | `timeout` | the time for each server and question, 1 to 30 s, where none is given |
/// | `attempts` | has no effect: within its time a server gets three datagrams and one connection, and one round of all servers is a refresh |
/// | `rotate` | each refresh begins with the next server |
/// | `use-vc` | TCP alone |
/// | `no-aaaa` | no AAAA questions, unless [`Families::V6`](crate::Families::V6) is chosen |
/// | `edns0`, `single-request`, `single-request-reopen` | have no effect: EDNS is always tried, and each question has a socket of its own |
/// | others | have no effect |
///
/// ```no_run
/// use lb_core::Context;
/// use lb_dns::{Resolver, ResolverSettings};
///
/// let mut resolver = Resolver::new(ResolverSettings::new());
/// for record in resolver.srv(&Context::background(), "_http._tcp.example.com.")?.records() {
///     println!("{}:{}", record.target(), record.port());
/// }
/// # Ok::<_, lb_core::BoxError>(())
/// ```
#[derive(Debug)]
pub struct Resolver {
    settings: ResolverSettings,
    resolv_conf: ResolvConf,
    memory: Arc<Mutex<Memory>>,
    families: FamiliesAsked,
}

impl Resolver {
    /// A resolver with these settings, which should have been [checked](ResolverSettings::check).
    pub fn new(settings: ResolverSettings) -> Self {
        let resolv_conf = ResolvConf::new(settings.resolv_conf.clone());
        let families = FamiliesAsked::new(settings.families);
        Self { settings, resolv_conf, memory: Arc::default(), families }
    }

    /// The SRV records of a name, which is relative unless it ends in a dot. Begins a refresh.
    ///
    /// # Errors
    ///
    /// When it could not be found out whether there are any: no server answered, or none could be asked.
    pub fn srv(&mut self, ctx: &Context, name: &str) -> Result<SrvAnswer, BoxError> {
        let config = self.begin(ctx)?;
        let candidates = config.search.candidates(name);
        let servers = Servers::new(&config, Arc::clone(&self.memory));
        let search = async {
            let mut search = Search::default();
            for candidate in &candidates {
                let outcome = servers.resolve(candidate, RecordType::SRV).await;
                if let Some(result) = search.add(outcome.map(Found::into_srv)) {
                    return result;
                }
            }
            search.end()
        };
        Ok(run(ctx, search)??)
    }

    /// The addresses of a name, which is relative unless it ends in a dot. Begins a refresh.
    ///
    /// # Errors
    ///
    /// When it could not be found out whether there are any: no server answered, or none could be asked.
    pub fn addresses(&mut self, ctx: &Context, name: &str) -> Result<Addresses, BoxError> {
        let config = self.begin(ctx)?;
        let candidates = config.search.candidates(name);
        let servers = Arc::new(Servers::new(&config, Arc::clone(&self.memory)));
        let kinds = self.families.kinds(config.no_aaaa);
        let families = &mut self.families;
        let search = async {
            let mut search = Search::default();
            for candidate in candidates {
                let names: Arc<[String]> = [candidate].into();
                let all = resolve_all(&servers, &names, &kinds).await;
                let outcome = families.gather(&names, all).pop();
                if let Some(result) = outcome.and_then(|outcome| search.add(outcome)) {
                    return result;
                }
            }
            search.end()
        };
        Ok(run(ctx, search)??)
    }

    /// The addresses of several absolute names, as many results in the same order. Part of the refresh that
    /// [`srv`](Self::srv) began. All questions together take as long as one when servers are silent.
    pub fn all_addresses(&mut self, ctx: &Context, names: &[&str]) -> Vec<Result<Addresses, BoxError>> {
        self.try_all_addresses(ctx, names).unwrap_or_else(|error| {
            let error = error.to_string();
            names.iter().map(|_| Err(error.clone().into())).collect()
        })
    }

    fn try_all_addresses(
        &mut self,
        ctx: &Context,
        names: &[&str],
    ) -> Result<Vec<Result<Addresses, BoxError>>, BoxError> {
        let config = self.config(ctx)?;
        let servers = Arc::new(Servers::new(&config, Arc::clone(&self.memory)));
        let kinds = self.families.kinds(config.no_aaaa);
        let names: Arc<[String]> = names.iter().map(|name| name::canonical(name)).collect();
        let all = run(ctx, resolve_all(&servers, &names, &kinds))?;
        let gathered = self.families.gather(&names, all);
        Ok(gathered.into_iter().map(|result| result.map_err(Failure::into)).collect())
    }

    fn begin(&mut self, ctx: &Context) -> Result<SystemConfig, BoxError> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).next_refresh();
        self.families.next_refresh();
        self.config(ctx)
    }

    /// The configuration of now. A missing file is an error only where there are no name servers without it.
    fn config(&mut self, ctx: &Context) -> Result<SystemConfig, BoxError> {
        let given = &self.settings;
        let mut config = if given.name_servers.is_empty() {
            self.resolv_conf.read(ctx)?
        } else {
            let mut config = self.resolv_conf.read_or_default(ctx);
            config.name_servers.clone_from(&given.name_servers);
            config
        };
        if config.name_servers.is_empty() {
            return Err(
                format!("none of the name servers of {} can be asked", given.resolv_conf.display()).into()
            );
        }
        config.timeout = given.timeout.unwrap_or(config.timeout);
        Ok(config)
    }
}

/// Runs a future to its end, or until the context is cancelled, on a runtime that lives no longer than it: between refreshes
/// there is no descriptor.
fn run<T>(ctx: &Context, future: impl Future<Output = T>) -> Result<T, BoxError> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| no_runtime(&error))?;
    let mut cancelled = ctx.on_cancelled();
    let result = runtime.block_on(async {
        let mut future = pin!(future);
        poll_fn(|cx| match Pin::new(&mut cancelled).poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => future.as_mut().poll(cx).map(Some),
        })
        .await
    });
    runtime.shutdown_background();
    result.ok_or_else(|| "stopped while looking up".into())
}

fn no_runtime(error: &io::Error) -> BoxError {
    format!("no descriptors to look up with: {error}").into()
}
