use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use lb_core::{BoxError, Context, EndpointSet, Factory, Instance, Pick};

use crate::lock::lock;

/// A factory whose endpoints are counted from the cradle to the grave.
///
/// A clone is another handle on the same counts: give one to the cache and keep one. It can be told to fail or to
/// panic for an address, and what it makes can have destructors that panic or take their time.
///
/// ```
/// use lb_core::{EndpointCache, Publisher};
/// use lb_test::CountingFactory;
///
/// let factory = CountingFactory::new();
/// let cache = EndpointCache::new(factory.clone());
/// cache.replace(["a:80", "b:80"]);
/// let held = cache.endpoints()?.pick(0).unwrap();
/// cache.replace(["b:80"]);
/// assert_eq!((factory.made(), factory.dropped()), (2, 0));
/// let set = cache.endpoints()?;
/// factory.assert_balance(&set, &[held]);   // 2 made = 1 live + 1 draining + 0 dropped
/// # Ok::<_, lb_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CountingFactory(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    made: usize,
    accounts: BTreeMap<String, Account>,
    remake: bool,
    drop_takes: Duration,
}

/// What happened at one address, and what is to happen.
#[derive(Debug, Default)]
struct Account {
    asked: usize,
    made: usize,
    dropped: usize,
    trouble: Trouble,
    drop_panics: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum Trouble {
    #[default]
    None,
    Fail,
    Panic,
}

impl CountingFactory {
    /// One that has made nothing yet and makes what it is asked for.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on returns an error for this address.
    pub fn fail(&self, address: &str) {
        self.account(address, |account| account.trouble = Trouble::Fail);
    }

    /// From now on panics for this address.
    pub fn panic(&self, address: &str) {
        self.account(address, |account| account.trouble = Trouble::Panic);
    }

    /// From now on makes endpoints for this address again.
    pub fn heal(&self, address: &str) {
        self.account(address, |account| account.trouble = Trouble::None);
    }

    /// From now on the destructors of this address' endpoints panic, those included that exist already.
    pub fn panic_on_drop(&self, address: &str) {
        self.account(address, |account| account.drop_panics = true);
    }

    /// From now on every destructor takes this long.
    pub fn drop_takes(&self, time: Duration) {
        lock(&self.0).drop_takes = time;
    }

    /// Whether an endpoint is made anew when the weight, priority or metadata of its instance changes: what
    /// [`Factory::reusable`] denies. Not so in the beginning.
    pub fn remake(&self, remake: bool) {
        lock(&self.0).remake = remake;
    }

    /// How many endpoints were made.
    pub fn made(&self) -> usize {
        lock(&self.0).made
    }

    /// How many endpoints were dropped.
    pub fn dropped(&self) -> usize {
        lock(&self.0).accounts.values().map(|account| account.dropped).sum()
    }

    /// How many endpoints exist, wherever they are: made and not dropped.
    pub fn alive(&self) -> usize {
        let book = lock(&self.0);
        book.made - book.accounts.values().map(|account| account.dropped).sum::<usize>()
    }

    /// How often an endpoint was asked for at this address, successfully or not.
    pub fn asked_for(&self, address: &str) -> usize {
        self.account(address, |account| account.asked)
    }

    /// How many endpoints were made for this address.
    pub fn made_for(&self, address: &str) -> usize {
        self.account(address, |account| account.made)
    }

    /// How many endpoints of this address were dropped.
    pub fn dropped_for(&self, address: &str) -> usize {
        self.account(address, |account| account.dropped)
    }

    /// Asserts that *made = live + draining + dropped*: every endpoint is in the `set`, or kept by one of the picks
    /// that the test `held`, or dropped.
    ///
    /// # Panics
    ///
    /// When one is missing or kept for no reason.
    #[track_caller]
    pub fn assert_balance(&self, set: &EndpointSet<Counted>, held: &[Pick<Counted>]) {
        let live: BTreeSet<usize> =
            (0..set.len()).filter_map(|i| set.pick(i)).map(|pick| pick.number()).collect();
        let draining: BTreeSet<usize> = held.iter().map(|pick| pick.number()).collect();
        let (live, draining) = (live.len(), draining.difference(&live).count());
        let (made, dropped) = (self.made(), self.dropped());
        assert_eq!(
            made,
            live + draining + dropped,
            "made {made}, live {live}, draining {draining}, dropped {dropped}"
        );
    }

    fn account<T>(&self, address: &str, look: impl FnOnce(&mut Account) -> T) -> T {
        look(lock(&self.0).accounts.entry(address.to_owned()).or_default())
    }
}

impl Factory for CountingFactory {
    type Endpoint = Counted;

    /// # Panics
    ///
    /// Where [`panic`](CountingFactory::panic) says so.
    fn create(&self, _: &Context, instance: &Instance) -> Result<Counted, BoxError> {
        let address = instance.address();
        let mut book = lock(&self.0);
        let number = book.made;
        let account = book.accounts.entry(address.to_owned()).or_default();
        account.asked += 1;
        match account.trouble {
            Trouble::None => {}
            Trouble::Fail => return Err(format!("told to fail for {address}").into()),
            Trouble::Panic => {
                drop(book);
                panic!("told to panic for {address}");
            }
        }
        account.made += 1;
        book.made += 1;
        Ok(Counted { number, address: address.to_owned(), factory: self.clone() })
    }

    fn reusable(&self, _old: &Instance, _new: &Instance) -> bool {
        !lock(&self.0).remake
    }
}

/// An endpoint made by a [`CountingFactory`].
pub struct Counted {
    number: usize,
    address: String,
    factory: CountingFactory,
}

impl Counted {
    /// Which it is: the first that its factory made is 0. It tells an endpoint that was kept from one made anew.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The address it was made for.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counted")
            .field("number", &self.number)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let time = lock(&self.factory.0).drop_takes;
        if !time.is_zero() {
            #[expect(
                clippy::disallowed_methods,
                reason = "a destructor that takes its time is what was asked for"
            )]
            thread::sleep(time);
        }
        let panics = self.factory.account(&self.address, |account| {
            account.dropped += 1;
            account.drop_panics
        });
        // A second panic while one is on its way would end the process.
        assert!(!panics || thread::panicking(), "told to panic when {} is dropped", self.address);
    }
}
