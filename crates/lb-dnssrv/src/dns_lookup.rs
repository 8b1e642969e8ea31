//! The lookup behind the feature `hickory`.

use lb_core::{BoxError, Context};
use lb_dns::Resolver;

use crate::{Addresses, SrvAnswer, SrvLookup};

/// Asks the name servers anew for each refresh.
pub(crate) struct DnsLookup(pub(crate) Resolver);

impl SrvLookup for DnsLookup {
    fn lookup_srv(&mut self, ctx: &Context, name: &str) -> Result<SrvAnswer, BoxError> {
        self.0.srv(ctx, name)
    }

    fn lookup_addresses(&mut self, ctx: &Context, target: &str) -> Result<Addresses, BoxError> {
        self.lookup_all_addresses(ctx, &[target]).pop().unwrap_or_else(|| Ok(Addresses::default()))
    }

    fn lookup_all_addresses(&mut self, ctx: &Context, targets: &[&str]) -> Vec<Result<Addresses, BoxError>> {
        self.0.all_addresses(ctx, targets)
    }
}
