//! Runs one check by its name: what the macros call, so that each names the types of what it checks once.

use lb_core::{LoadBalancer, Publisher};

use super::strategy::Source;
use super::{publisher as of_publisher, strategy as of_strategy};
use crate::Counted;

/// A check of a publisher, which need not be able to change.
pub fn publisher<P>(check: &str, new: impl Fn(&[&str]) -> P)
where
    P: Publisher + 'static,
    P::Endpoint: Send + Sync,
{
    match check {
        "is_ordered_by_address" => of_publisher::is_ordered_by_address(new),
        "keeps_its_id_while_nothing_changes" => of_publisher::keeps_its_id_while_nothing_changes(new),
        "has_an_id_of_its_own" => of_publisher::has_an_id_of_its_own(new),
        "is_the_same_through_references_and_boxes" => {
            of_publisher::is_the_same_through_references_and_boxes(new);
        }
        "outlived_by_its_picks_and_views" => of_publisher::outlived_by_its_picks_and_views(new),
        "is_read_by_many_threads_at_once" => of_publisher::is_read_by_many_threads_at_once(new),
        "renews_no_stranger" => of_publisher::renews_no_stranger(new),
        unknown => unreachable!("the macro knows a check more than this: {unknown}"),
    }
}

/// A check of a publisher that can change.
pub fn changing_publisher<P>(check: &str, new: impl Fn(&[&str]) -> P, change: impl Fn(&P, &[&str]))
where
    P: Publisher + 'static,
    P::Endpoint: Send + Sync,
{
    match check {
        "follows_changes_with_new_ids" => of_publisher::follows_changes_with_new_ids(new, change),
        "leaves_old_views_as_they_were" => of_publisher::leaves_old_views_as_they_were(new, change),
        "shows_whole_sets_while_a_writer_replaces" => {
            of_publisher::shows_whole_sets_while_a_writer_replaces(new, change);
        }
        "tells_its_observers_after_the_swap" => of_publisher::tells_its_observers_after_the_swap(new, change),
        "forgets_dropped_observers" => of_publisher::forgets_dropped_observers(new, change),
        other => publisher(other, new),
    }
}

/// A check of a load balancer; `bound` is for those that spread evenly.
pub fn strategy<L>(check: &str, new: impl Fn(Source) -> L, bound: Option<u64>)
where
    L: LoadBalancer<Endpoint = Counted> + 'static,
{
    match check {
        "has_no_endpoints_in_an_empty_set" => of_strategy::has_no_endpoints_in_an_empty_set(new),
        "passes_the_publishers_errors_on" => of_strategy::passes_the_publishers_errors_on(new),
        "picks_from_the_set" => of_strategy::picks_from_the_set(new),
        "always_picks_a_single_endpoint" => of_strategy::always_picks_a_single_endpoint(new),
        "avoids_tried_addresses_while_one_is_left" => {
            of_strategy::avoids_tried_addresses_while_one_is_left(new);
        }
        "picks_though_all_were_tried" => of_strategy::picks_though_all_were_tried(new),
        "goes_on_with_the_next_tier" => of_strategy::goes_on_with_the_next_tier(new),
        "follows_changes" => of_strategy::follows_changes(new),
        "keeps_no_endpoint_that_is_not_picked" => of_strategy::keeps_no_endpoint_that_is_not_picked(new),
        "picks_on_many_threads_while_the_set_changes" => {
            of_strategy::picks_on_many_threads_while_the_set_changes(new);
        }
        "is_the_same_through_references_and_boxes" => {
            of_strategy::is_the_same_through_references_and_boxes(new);
        }
        "ignores_marks" => of_strategy::ignores_marks(new),
        "reaches_those_that_have_weight" => of_strategy::reaches_those_that_have_weight(new),
        "passes_weight_zero_over_whatever_was_tried" => {
            of_strategy::passes_weight_zero_over_whatever_was_tried(new);
        }
        "takes_all_for_equal_where_all_weights_are_zero" => {
            of_strategy::takes_all_for_equal_where_all_weights_are_zero(new);
        }
        "follows_changes_of_weights" => of_strategy::follows_changes_of_weights(new),
        "follows_weights_on_many_threads" => of_strategy::follows_weights_on_many_threads(new),
        "spreads_evenly" => of_strategy::spreads_evenly(new, bound.unwrap_or(0)),
        unknown => unreachable!("the macro knows a check more than this: {unknown}"),
    }
}
