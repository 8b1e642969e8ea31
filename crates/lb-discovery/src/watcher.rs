use std::collections::hash_map::DefaultHasher;
use std::convert::Infallible;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, never};
use lb_core::support::{caught, drop_caught, log_safely};
use lb_core::{Canceller, Context};
use rand::SeedableRng;
use rand::rngs::{StdRng, SysRng};

use crate::board::Board;
use crate::driver::Driver;
use crate::error::SharedError;
use crate::makers;
use crate::schedule::Schedule;
use crate::settings::{Refresh, Settings};
use crate::sync::{Mutex, lock};
use crate::transitions::Transitions;
use crate::{DiscoveryError, LOG, Source};

/// How long stopping waits for the thread. It ends at once unless its source, a factory or a destructor hangs. Well below
/// the 100 ms promised: a busy machine wakes a waiting thread late.
const PATIENCE: Duration = Duration::from_millis(25);

/// How long stopping waits, in all, for endpoints that were made and not published to be dropped.
const WAIT_FOR_ENDPOINTS: Duration = Duration::from_millis(40);

/// The discovery thread as seen from outside. The last handle that is dropped stops it.
#[derive(Debug)]
pub(crate) struct Watcher {
    pub(crate) name: Arc<str>,
    pub(crate) board: Arc<Board>,
    /// Cancelled when it is stopped.
    pub(crate) ctx: Context,
    pub(crate) factory_timeout: Duration,
    canceller: Canceller,
    wishes: Sender<()>,
    renewals: Sender<()>,
    /// Disconnects when the thread ends.
    ended: Receiver<Infallible>,
    thread_id: ThreadId,
    /// The process that has the thread.
    process: u32,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Watcher {
    /// Starts the thread. With `must_answer` it ends when its first refresh fails.
    pub(crate) fn start(
        board: Arc<Board>,
        name: Arc<str>,
        source: Box<dyn Source>,
        settings: &Settings,
        must_answer: bool,
        (ctx, canceller): (Context, Canceller),
    ) -> Result<Self, DiscoveryError> {
        let (wishes, heard) = bounded(1);
        let (renewals, renewed) = bounded(1);
        let driver = Driver {
            name: Arc::clone(&name),
            source,
            schedule: Schedule::new(settings, seeded(&name), now()),
            ticks: ticks(&settings.refresh),
            wishes: heard,
            renewals: renewed,
            ctx: ctx.clone(),
            board: Arc::clone(&board),
            transitions: Transitions::new(Arc::clone(&name)),
            instances: 0,
            last: None,
            published: None,
            anew: false,
            must_answer,
        };
        let (thread, ended) = spawn(&name, driver, settings.expire_after)?;
        let thread_id = thread.thread().id();
        let thread = Mutex::new(Some(thread));
        Ok(Self {
            name,
            board,
            ctx,
            factory_timeout: settings.factory_timeout,
            canceller,
            wishes,
            renewals,
            ended,
            thread_id,
            process: std::process::id(),
            thread,
        })
    }

    /// Asks for a refresh. One that is asked for already is enough.
    pub(crate) fn refresh_now(&self) {
        if let Err(error) = self.check_process() {
            let name = &*self.name;
            log_safely(|| log::warn!(target: LOG, name, error:%; "{name}: not refreshed: {error}"));
            return;
        }
        let _ = self.wishes.try_send(());
    }

    /// Why nothing more comes in this process, if it is a fork of the one that has the thread.
    pub(crate) fn check_process(&self) -> Result<(), DiscoveryError> {
        if std::process::id() == self.process {
            return Ok(());
        }
        Err(DiscoveryError::Forked { name: Arc::clone(&self.name) })
    }

    #[cfg(all(test, not(loom)))]
    pub(crate) fn pretend_to_be_forked(&mut self) {
        self.process = 0;
    }

    /// Has endpoints made anew that are marked for that.
    pub(crate) fn renew(&self) {
        let _ = self.renewals.try_send(());
    }

    /// Ends the thread, and waits for that for a moment. What hangs is left to end by itself.
    pub(crate) fn stop(&self) {
        let until = makers::now() + WAIT_FOR_ENDPOINTS;
        self.canceller.cancel();
        self.board.stop();
        if thread::current().id() == self.thread_id || self.check_process().is_err() {
            return;
        }
        if self.ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            self.board.wait_stopped(until);
            return;
        }
        self.board.wait_stopped(until);
        let thread = lock(&self.thread).take();
        if let Some(Err(panic)) = thread.map(JoinHandle::join) {
            // A payload may have a destructor that panics.
            std::mem::forget(panic);
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Tells, when the thread ends in whatever way, that nothing more will come.
struct End {
    board: Arc<Board>,
    _ended: Sender<Infallible>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.board.stop();
    }
}

fn spawn(
    name: &Arc<str>,
    mut driver: Driver,
    expire_after: Option<Duration>,
) -> Result<(JoinHandle<()>, Receiver<Infallible>), DiscoveryError> {
    let (alive, ended) = bounded(0);
    let end = End { board: Arc::clone(&driver.board), _ended: alive };
    let thread = thread::Builder::new()
        .name(thread_name(name))
        .spawn(move || {
            let end = end;
            if let Err(panic) = caught("the discovery thread", || driver.run()) {
                mourn(&end.board, &driver.ctx, &driver.name, expire_after, &panic.to_string());
            }
            drop_caught("the source", driver);
        })
        .map_err(|error| DiscoveryError::Thread { name: Arc::clone(name), source: Arc::new(error) })?;
    Ok((thread, ended))
}

/// The discovery thread has ended by itself: says so to all who ask, and has the set expire as it would if refreshes failed.
pub(crate) fn mourn(
    board: &Board,
    ctx: &Context,
    name: &Arc<str>,
    expire_after: Option<Duration>,
    message: &str,
) {
    log_safely(|| log::error!(target: LOG, name:%; "{name}: discovery has ended: {message}"));
    let error: SharedError = Arc::new(DiscoveryError::Ended { message: message.to_owned() });
    board.note(|status| {
        status.failures += 1;
        status.failing = true;
        status.last_error = Some(Arc::clone(&error));
        status.next_refresh = None;
    });
    board.publish(|news| {
        news.refreshes += 1;
        news.error = Some(Arc::clone(&error));
        news.ended = true;
    });
    board.tell();
    let Some(limit) = expire_after else { return };
    if ctx.cancelled().recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
        board.publish(|news| news.unusable = Some(lb_core::Error::discovery(Arc::clone(name), error)));
        board.tell();
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

#[expect(clippy::disallowed_methods, reason = "time begins when the thread does")]
fn now() -> Instant {
    Instant::now()
}
