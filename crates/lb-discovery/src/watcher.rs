use std::collections::hash_map::DefaultHasher;
use std::convert::Infallible;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, never};
use lb_core::{Canceller, Context};
use rand::SeedableRng;
use rand::rngs::{StdRng, SysRng};

use crate::board::Board;
use crate::driver::Driver;
use crate::journal::Journal;
use crate::schedule::Schedule;
use crate::settings::{Refresh, Settings};
use crate::sync::{Mutex, lock};
use crate::{DiscoveryError, Source};

/// How long stopping waits for the thread. It ends at once unless its source, a factory or a destructor hangs. Well below
/// the 100 ms promised: a busy machine wakes a waiting thread late.
const PATIENCE: Duration = Duration::from_millis(25);

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
            journal: Journal::new(Arc::clone(&name)),
            instances: 0,
            last: None,
            anew: false,
            must_answer,
        };
        let (thread, ended) = spawn(&name, driver)?;
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
            thread,
        })
    }

    /// Asks for a refresh. One that is asked for already is enough.
    pub(crate) fn refresh_now(&self) {
        let _ = self.wishes.try_send(());
    }

    /// Has endpoints made anew that are marked for that.
    pub(crate) fn renew(&self) {
        let _ = self.renewals.try_send(());
    }

    /// Ends the thread, and waits for that for a moment. What hangs is left to end by itself.
    pub(crate) fn stop(&self) {
        self.canceller.cancel();
        self.board.stop();
        if thread::current().id() == self.thread_id {
            return;
        }
        if self.ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            return;
        }
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

fn spawn(name: &Arc<str>, driver: Driver) -> Result<(JoinHandle<()>, Receiver<Infallible>), DiscoveryError> {
    let (alive, ended) = bounded(0);
    let end = End { board: Arc::clone(&driver.board), _ended: alive };
    let thread = thread::Builder::new()
        .name(thread_name(name))
        .spawn(move || {
            let _end = end;
            driver.run();
        })
        .map_err(|error| DiscoveryError::Thread { name: Arc::clone(name), source: Arc::new(error) })?;
    Ok((thread, ended))
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
