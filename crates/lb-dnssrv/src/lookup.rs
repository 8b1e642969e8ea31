use lb_core::{BoxError, Context};

use crate::{Addresses, SrvAnswer};

/// Asks DNS, in a user's own way: another resolver, DNS over HTTPS, a file.
///
/// Given to [`DnsSrvBuilder::lookup`](crate::DnsSrvBuilder::lookup), it takes the place of the resolver behind the feature
/// `hickory`. It is called on its publisher's one thread only, and dropped there; it may block, and it may be made on any
/// thread. It bounds itself, and returns promptly once [`ctx.cancelled()`](Context::cancelled) disconnects, or
/// [`ctx.on_cancelled()`](Context::on_cancelled) is ready. Also implemented for closures
/// `FnMut(&Context, &str) -> Result<SrvAnswer, BoxError>`.
pub trait SrvLookup: Send + 'static {
    /// Asks for the SRV records of a name, which is the one given to the builder: relative unless it ends in a dot.
    ///
    /// # Errors
    ///
    /// When it could not be found out whether there are such records: the last good set stays. That there are none is
    /// no error but an answer without records.
    fn lookup_srv(&mut self, ctx: &Context, name: &str) -> Result<SrvAnswer, BoxError>;

    /// Asks for the addresses, of IP version 4 and 6, of a target, which is lower case, absolute, and without the final
    /// dot. Needed only for [`resolve_targets`](crate::DnsSrvBuilder::resolve_targets), and only for records that bring no
    /// addresses of their own; by default no target resolves.
    ///
    /// # Errors
    ///
    /// Or no address: the target does not resolve, and its records are skipped and counted as bad.
    fn lookup_addresses(&mut self, ctx: &Context, target: &str) -> Result<Addresses, BoxError> {
        let _ = ctx;
        Err(format!("{target:?} cannot be resolved: this lookup does not implement lookup_addresses").into())
    }

    /// Asks for the addresses of several targets, and returns as many results in the same order. By default one after
    /// the other; a lookup that can ask for many at once does better.
    fn lookup_all_addresses(&mut self, ctx: &Context, targets: &[&str]) -> Vec<Result<Addresses, BoxError>> {
        targets.iter().map(|target| self.lookup_addresses(ctx, target)).collect()
    }
}

impl<F> SrvLookup for F
where
    F: FnMut(&Context, &str) -> Result<SrvAnswer, BoxError> + Send + 'static,
{
    fn lookup_srv(&mut self, ctx: &Context, name: &str) -> Result<SrvAnswer, BoxError> {
        self(ctx, name)
    }
}
