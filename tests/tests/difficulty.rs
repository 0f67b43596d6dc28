//! Difficulty under shocks of hash power and false times: it recovers, does not swing, never stops.

use node_core::params::ChainParams;
use tests::difficulty::report::{network, summary};
use tests::difficulty::{Rule, Scenario, Summary, scenarios};

const SEEDS: u64 = 20;

/// The chain's rule on both networks that ship.
fn on_both(scenario: &Scenario, check: impl Fn(&ChainParams, &Summary)) {
    for name in ["main", "dev"] {
        let params = network(name);
        check(&params, &summary(Rule::Step, &params, scenario, SEEDS));
    }
}

/// Blocks within which every run recovered.
fn slowest(summary: &Summary) -> f64 {
    summary.recovery_blocks(1.0)
}

#[test]
fn constant_power_keeps_the_spacing() {
    on_both(&scenarios::steady(), |_, summary| {
        assert!((summary.mean(|outcome| outcome.mean) - 1.0).abs() < 0.01);
        assert!(summary.mean(|outcome| outcome.spread) < 1.1);
        assert!(summary.quantile(0.95, |outcome| outcome.overshoot) < 2.0);
    });
}

#[test]
fn a_hundredfold_rise_is_taken_in_200_blocks() {
    on_both(&scenarios::shock("rise", 100.0), |_, summary| {
        assert!(slowest(summary) <= 200.0, "{}", slowest(summary));
        // No swing to the other side: not beyond what chance does under constant power.
        assert!(summary.quantile(0.95, |outcome| outcome.overshoot) < 2.0);
    });
}

#[test]
fn a_hundredfold_fall_is_taken_in_100_blocks() {
    for scenario in [scenarios::shock("fall", 0.01), scenarios::surge()] {
        on_both(&scenario, |_, summary| {
            assert!(slowest(summary) <= 100.0, "{}: {}", scenario.name, slowest(summary));
            assert!(summary.quantile(0.95, |outcome| outcome.overshoot) < 2.0);
            // The first block takes as long as it takes; then it is over.
            assert!(summary.quantile(0.5, |outcome| outcome.worst_later_wait) < 30.0);
        });
    }
}

#[test]
fn one_tab_after_an_empty_hour_goes_on() {
    on_both(&scenarios::empty_hour(), |_, summary| {
        assert!(slowest(summary) <= 150.0, "{}", slowest(summary));
        assert!(summary.quantile(0.5, |outcome| outcome.worst_wait) < 20.0);
    });
}

/// A bound of b spacings on lateness is a debt of b blocks at most.
#[test]
fn a_room_that_wakes_up_does_not_race() {
    on_both(&scenarios::empty_week(), |params, summary| {
        let debt = params.max_lateness.as_secs_f64() / params.spacing.as_secs_f64();
        assert!(slowest(summary) <= 200.0, "{}", slowest(summary));
        assert!(summary.opening(0.5) < 100.0 + 1.2 * debt, "{}", summary.opening(0.5));
        // Without the bound it would.
        let unbounded = self::summary(Rule::Absolute, params, &scenarios::empty_week(), SEEDS);
        assert!(unbounded.opening(0.5) > 900.0);
    });
}

#[test]
fn a_new_room_finds_its_difficulty_in_200_blocks() {
    on_both(&scenarios::fresh(), |_, summary| assert!(slowest(summary) <= 200.0, "{}", slowest(summary)));
}

#[test]
fn a_hopper_gains_little() {
    on_both(&scenarios::hopper(), |_, summary| {
        assert!(summary.mean(|outcome| outcome.advantage) < 1.08);
        assert!((summary.mean(|outcome| outcome.mean) - 1.0).abs() < 0.03);
    });
}

#[test]
fn false_times_neither_speed_up_nor_slow_down() {
    for scenario in [scenarios::ahead(), scenarios::behind(), scenarios::alternating()] {
        on_both(&scenario, |params, summary| {
            let mean = summary.mean(|outcome| outcome.mean);
            assert!((mean - 1.0).abs() < 0.05, "{}, {}: {mean}", params.network, scenario.name);
            let gain = summary.mean(|outcome| outcome.advantage);
            assert!(gain < 1.15, "{}, {}: {gain}", params.network, scenario.name);
        });
    }
}

/// After a fall, dates far back must not drive the difficulty up: they stop a chain that takes them
/// as they are.
#[test]
fn false_times_do_not_stop_a_chain_that_lost_its_miners() {
    for scenario in [scenarios::down_alternating(), scenarios::down_behind()] {
        on_both(&scenario, |params, summary| {
            assert!(summary.stuck() == 0.0, "{}, {}", params.network, scenario.name);
            assert!(slowest(summary) <= 300.0, "{}, {}: {}", params.network, scenario.name, slowest(summary));
            assert!(self::summary(Rule::Plain, params, &scenario, SEEDS).stuck() > 0.2);
        });
    }
}
