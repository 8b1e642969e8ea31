/// What every strategy that stands on a [`Derived`](lb_core::Derived) passes on to its publisher.
macro_rules! forward_to_derived {
    ($derived:ident) => {
        fn subscribe(&self, observer: std::sync::Weak<dyn lb_core::Observer>) -> bool {
            self.$derived.subscribe(observer)
        }

        fn name(&self) -> Option<&str> {
            self.$derived.publisher().name()
        }

        fn renew(&self, id: lb_core::EndpointId) -> bool {
            self.$derived.publisher().renew(id)
        }
    };
}
pub(crate) use forward_to_derived;
