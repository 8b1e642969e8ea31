//! Readers pick while the set changes as fast as it can; in the end it expires, recovers, and is stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use lb_core::{BoxError, Context, Error, Instance, Publisher};
use lb_discovery::{Answer, DiscoveryPublisher, Refresh};
use lb_test::{Counted, CountingFactory};

use crate::common::{LONG, until};

const CHANGES: u64 = 2000;

/// Another set each time, and now and then a failure; failures only, while `broken` says so. It is dropped with `alive`.
fn restless(
    broken: Arc<AtomicBool>,
    changes: Arc<AtomicU64>,
    alive: Sender<()>,
) -> impl FnMut(&Context) -> Result<Answer, BoxError> + Send {
    move |_| {
        let _ = &alive;
        if broken.load(Ordering::SeqCst) {
            return Err("broken".into());
        }
        let step = changes.fetch_add(1, Ordering::SeqCst);
        if step % 7 == 6 {
            return Err("a passing failure".into());
        }
        Ok(Answer::new((step..step + 5).map(|n| Instance::new(format!("{}:80", n % 20))).collect()))
    }
}

/// Picks until `done`, and returns how often.
fn read(publisher: &DiscoveryPublisher<Counted>, done: &AtomicBool) -> u64 {
    let mut picks = 0;
    while !done.load(Ordering::SeqCst) {
        match publisher.endpoints() {
            Ok(set) => {
                let pick = set.pick(usize::try_from(picks).unwrap() % set.len()).unwrap();
                drop(set);
                assert_eq!(Counted::address(&pick), pick.instance().address());
                picks += 1;
            }
            Err(error) => assert!(matches!(error, Error::Discovery { .. }), "{error:?}"),
        }
    }
    picks
}

#[test]
fn made_is_live_and_draining_and_dropped_whatever_happens() {
    let (broken, changes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let factory = CountingFactory::new();
    let tiny = Duration::from_micros(1);
    let (alive, ended) = bounded(0);
    let publisher =
        DiscoveryPublisher::builder("x", restless(Arc::clone(&broken), Arc::clone(&changes), alive))
            .refresh(Refresh::Every(tiny))
            .backoff(tiny, tiny)
            .expire_after(Duration::from_millis(20))
            .build(factory.clone())
            .unwrap();
    let done = AtomicBool::new(false);
    let held = std::thread::scope(|scope| {
        let readers = [(); 3].map(|()| scope.spawn(|| read(&publisher, &done)));
        let held = publisher.endpoints().unwrap().pick(0).unwrap();
        until("many changes", || changes.load(Ordering::SeqCst) >= CHANGES);
        broken.store(true, Ordering::SeqCst);
        until("expiry", || matches!(publisher.endpoints(), Err(Error::Discovery { .. })));
        broken.store(false, Ordering::SeqCst);
        until("recovery", || publisher.endpoints().is_ok());
        publisher.stop();
        assert_eq!(ended.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
        done.store(true, Ordering::SeqCst);
        assert!(readers.into_iter().all(|reader| reader.join().unwrap() > 0));
        [held]
    });
    if let Ok(set) = publisher.endpoints() {
        factory.assert_balance(&set, &held);
    }
    drop(publisher);
    assert_eq!(factory.alive(), 1, "the pick that is held");
    drop(held);
    assert_eq!((factory.alive(), factory.dropped()), (0, factory.made()));
}
