use std::collections::hash_map::DefaultHasher;
use std::convert::Infallible;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, never};
use lb_core::support::{caught, drop_caught, lock, log_safely};
use lb_core::{Canceller, Context, Error};
use rand::SeedableRng;
use rand::rngs::{StdRng, SysRng};

use crate::error::SharedError;
use crate::schedule::Schedule;
use crate::settings::{Refresh, Settings};
use crate::shared::Shared;
use crate::sync::{Mutex, now};
use crate::transitions::Transitions;
use crate::worker::Worker;
use crate::{DiscoveryError, LOG, Source};

/// How long stopping waits for the thread. It ends at once unless its source, a factory or a destructor hangs. Well below
/// the 100 ms promised: a busy machine wakes a waiting thread late.
const WAIT_FOR_THREAD: Duration = Duration::from_millis(25);

/// How long stopping waits, in all, for endpoints that were made and not published to be dropped.
const WAIT_FOR_ENDPOINTS: Duration = Duration::from_millis(40);

/// One discovery: its thread as seen from outside. It is stopped when the last publisher that shares it is dropped.
#[derive(Debug)]
pub(crate) struct Discovery {
    pub(crate) shared: Arc<Shared>,
    /// Cancelled when it is stopped.
    pub(crate) ctx: Context,
    pub(crate) factory_timeout: Duration,
    canceller: Canceller,
    requests: Sender<()>,
    /// Disconnects when the thread ends.
    ended: Receiver<Infallible>,
    thread_id: ThreadId,
    /// The process that has the thread.
    process: u32,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Discovery {
    /// Starts the thread. With `must_answer` it ends when its first refresh fails.
    pub(crate) fn start(
        shared: Arc<Shared>,
        source: Box<dyn Source>,
        settings: &Settings,
        must_answer: bool,
        (ctx, canceller): (Context, Canceller),
    ) -> Result<Self, DiscoveryError> {
        let (requests, requested) = bounded(1);
        let worker = Worker {
            source,
            schedule: Schedule::new(settings, seeded(&shared.name), now()),
            ticks: ticks(&settings.refresh),
            requests: requested,
            ctx: ctx.clone(),
            shared: Arc::clone(&shared),
            transitions: Transitions::new(Arc::clone(&shared.name)),
            must_answer,
            requested: false,
            published: Arc::new([]),
            latest: None,
            error: None,
        };
        let (thread, ended) = spawn(worker, settings.expire_after)?;
        Ok(Self {
            shared,
            ctx,
            factory_timeout: settings.factory_timeout,
            canceller,
            requests,
            ended,
            thread_id: thread.thread().id(),
            process: std::process::id(),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Asks for a refresh. One that is asked for already is enough.
    pub(crate) fn refresh_now(&self) {
        if let Err(error) = self.check_process() {
            let name = &*self.shared.name;
            log_safely(|| log::warn!(target: LOG, name, error:%; "{name}: not refreshed: {error}"));
            return;
        }
        let _ = self.requests.try_send(());
    }

    /// Why nothing more comes in this process, if it is a fork of the one that has the thread.
    pub(crate) fn check_process(&self) -> Result<(), DiscoveryError> {
        if std::process::id() == self.process {
            return Ok(());
        }
        Err(DiscoveryError::Forked { name: Arc::clone(&self.shared.name) })
    }

    #[cfg(all(test, not(loom)))]
    pub(crate) fn pretend_to_be_forked(&mut self) {
        self.process = 0;
    }

    /// Ends the thread, and waits a moment for that. What hangs is left to end by itself.
    pub(crate) fn stop(&self) {
        let until = now() + WAIT_FOR_ENDPOINTS;
        self.canceller.cancel();
        let again = self.shared.stop();
        if thread::current().id() == self.thread_id || self.check_process().is_err() {
            return;
        }
        let hangs = self.ended.recv_timeout(WAIT_FOR_THREAD) == Err(RecvTimeoutError::Timeout);
        if !again {
            self.shared.wait_stopped(until);
        }
        if hangs {
            return;
        }
        let thread = lock(&self.thread).take();
        if let Some(Err(panic)) = thread.map(JoinHandle::join) {
            // A payload may have a destructor that panics.
            std::mem::forget(panic);
        }
    }
}

impl Drop for Discovery {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Says, when the thread ends in whatever way, that nothing more will come.
struct End {
    shared: Arc<Shared>,
    _ended: Sender<Infallible>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

fn spawn(
    mut worker: Worker,
    expire_after: Option<Duration>,
) -> Result<(JoinHandle<()>, Receiver<Infallible>), DiscoveryError> {
    let (alive, ended) = bounded(0);
    let name = Arc::clone(&worker.shared.name);
    let end = End { shared: Arc::clone(&worker.shared), _ended: alive };
    let run = move || {
        let end = end;
        if let Err(panic) = caught("the discovery thread", || worker.run()) {
            end_early(&end.shared, &worker.ctx, expire_after, &panic.to_string());
        }
        drop_caught("the source", worker);
    };
    let thread = thread::Builder::new()
        .name(thread_name(&name))
        .spawn(run)
        .map_err(|error| DiscoveryError::Thread { name, source: Arc::new(error) })?;
    Ok((thread, ended))
}

/// The discovery thread ends by itself: says so to all who ask, and has the set expire as it would if refreshes failed.
pub(crate) fn end_early(shared: &Shared, ctx: &Context, expire_after: Option<Duration>, message: &str) {
    let name = &shared.name;
    log_safely(|| log::error!(target: LOG, name:%; "{name}: discovery has ended: {message}"));
    let error: SharedError = Arc::new(DiscoveryError::Ended { message: message.to_owned() });
    shared.end(Arc::clone(&error));
    let Some(limit) = expire_after else { return };
    if ctx.cancelled().recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
        shared.expire(Error::discovery(Arc::clone(name), error));
    }
}

/// As much of the name as Linux shows: 15 bytes.
fn thread_name(name: &str) -> String {
    let mut text = format!("lb-{name}");
    let end = (0..=15).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or_default());
    text
}

fn ticks(refresh: &Refresh) -> Receiver<Instant> {
    match refresh {
        Refresh::On(ticks) => ticks.clone(),
        _ => never(),
    }
}

/// A generator seeded by the operating system or, failing that, by what differs from publisher to publisher.
fn seeded(name: &str) -> StdRng {
    StdRng::try_from_rng(&mut SysRng).unwrap_or_else(|_| {
        let mut hasher = DefaultHasher::new();
        (name, std::process::id()).hash(&mut hasher);
        StdRng::seed_from_u64(hasher.finish())
    })
}
