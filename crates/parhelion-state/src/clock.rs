//! A world's time: the real clock with a mode on it.

use parhelion_core::{Clock, Timestamp};
use parking_lot::Mutex;
use serde::Serialize;
use std::{sync::Arc, time::Duration};

/// How a world's time runs (control.md 5).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum ClockMode {
    /// With the system's clock (moved ahead by `advance`).
    System,
    /// Only when told.
    Manual,
    /// Faster or slower than the system's clock.
    Scaled {
        /// Emulated seconds in one real second, more than 0.
        factor: f64,
    },
}

/// The last second that a world's clock shows: what lies behind it no cloud's API can write (year 9999).
pub const END_OF_TIME: Timestamp = match Timestamp::from_timestamp(253_402_300_799, 0) {
    Some(end) => end,
    None => Timestamp::MAX_UTC,
};

/// How a new world's clock is set.
#[derive(Clone, Copy, Debug)]
pub struct ClockStart {
    /// Its mode.
    pub mode: ClockMode,
    /// Its first instant; the real one when not given.
    pub at: Option<Timestamp>,
}

impl Default for ClockStart {
    fn default() -> Self {
        ClockStart { mode: ClockMode::System, at: None }
    }
}

#[derive(Clone, Copy)]
struct Setting {
    mode: ClockMode,
    /// The emulated instant …
    at: Timestamp,
    /// … that was when the real clock showed this.
    real: Timestamp,
}

/// Why a clock was not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRunsBack {
    /// What the clock shows.
    pub now: Timestamp,
}

/// The clock of one world.
pub struct WorldClock {
    real: Arc<dyn Clock>,
    start: ClockStart,
    setting: Mutex<Setting>,
}

impl WorldClock {
    /// A clock over the real one.
    pub fn new(real: Arc<dyn Clock>, start: ClockStart) -> Self {
        let setting = Self::started(&*real, start);
        WorldClock { real, start, setting: Mutex::new(setting) }
    }
    fn started(real: &dyn Clock, start: ClockStart) -> Setting {
        let now = real.now();
        Setting { mode: start.mode, at: start.at.unwrap_or(now), real: now }
    }
    fn read(&self, s: &Setting) -> Timestamp {
        // A real clock that is set back (NTP) holds the emulated one still.
        let passed = (self.real.now() - s.real).max(chrono::TimeDelta::zero());
        match s.mode {
            ClockMode::Manual => s.at,
            ClockMode::System => s.at.checked_add_signed(passed).unwrap_or(Timestamp::MAX_UTC),
            ClockMode::Scaled { factor } => {
                let micros = passed.num_microseconds().unwrap_or(i64::MAX) as f64 * factor;
                s.at.checked_add_signed(chrono::TimeDelta::microseconds(micros as i64))
                    .unwrap_or(Timestamp::MAX_UTC)
            }
        }
    }
    /// The world's present instant.
    pub fn now(&self) -> Timestamp {
        self.read(&self.setting.lock())
    }
    /// The real clock's instant, for what clients take from clocks of their own.
    pub fn real_now(&self) -> Timestamp {
        self.real.now()
    }
    /// The mode in force.
    pub fn mode(&self) -> ClockMode {
        self.setting.lock().mode
    }
    /// Moves it forward to an instant; never back.
    pub fn reach(&self, to: Timestamp) {
        let mut setting = self.setting.lock();
        if to > self.read(&setting) {
            *setting = Setting { mode: setting.mode, at: to, real: self.real.now() };
        }
    }
    /// Sets mode and, if given, the instant.
    ///
    /// # Errors
    /// When the instant lies behind.
    pub fn set(&self, mode: ClockMode, at: Option<Timestamp>) -> Result<(), TimeRunsBack> {
        let mut setting = self.setting.lock();
        let now = self.read(&setting);
        if at.is_some_and(|at| at < now) {
            return Err(TimeRunsBack { now });
        }
        *setting = Setting { mode, at: at.unwrap_or(now), real: self.real.now() };
        Ok(())
    }
    /// Back to how the world was started.
    pub(crate) fn reset(&self) {
        *self.setting.lock() = Self::started(&*self.real, self.start);
    }
    /// A manual or scaled clock goes back to a checkpoint's time; the system's clock stays, unless the checkpoint was
    /// taken under another (a reset came between): what was to happen by that one's time would happen no more.
    pub(crate) fn set_back(&self, mode: ClockMode, to: Timestamp) {
        let mut setting = self.setting.lock();
        let mode = if setting.mode == ClockMode::System { mode } else { setting.mode };
        if mode != ClockMode::System {
            *setting = Setting { mode, at: to, real: self.real.now() };
        }
    }
    /// Real time until the world's clock shows an instant; `None` when it never does so by itself.
    pub fn real_wait(&self, until: Timestamp) -> Option<Duration> {
        let setting = self.setting.lock();
        let wait = (until - self.read(&setting)).max(chrono::TimeDelta::zero());
        if wait.is_zero() {
            return Some(Duration::ZERO);
        }
        let micros = wait.num_microseconds().unwrap_or(i64::MAX);
        match setting.mode {
            ClockMode::Manual => None,
            ClockMode::System => Some(Duration::from_micros(micros.unsigned_abs())),
            // Rounded up: waking a little early would only make the ticker turn once more.
            ClockMode::Scaled { factor } => {
                Some(Duration::from_micros(((micros as f64 / factor) as u64).saturating_add(1)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    struct Hand(Mutex<Timestamp>);
    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            *self.0.lock()
        }
    }
    fn clock(mode: ClockMode) -> (Arc<Hand>, WorldClock) {
        let hand = Arc::new(Hand(Mutex::new(Timestamp::UNIX_EPOCH)));
        (hand.clone(), WorldClock::new(hand, ClockStart { mode, at: None }))
    }
    fn at(secs: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + TimeDelta::seconds(secs)
    }

    #[test]
    fn each_mode_runs_as_it_says() {
        for (mode, after_ten) in
            [(ClockMode::System, 10), (ClockMode::Manual, 0), (ClockMode::Scaled { factor: 60.0 }, 600)]
        {
            let (hand, clock) = clock(mode);
            *hand.0.lock() = at(10);
            assert_eq!(clock.now(), at(after_ten), "{mode:?}");
            clock.reach(at(1000));
            assert_eq!(clock.now(), at(1000));
            clock.reach(at(5));
            assert_eq!(clock.now(), at(1000), "never back");
            assert_eq!(clock.set(mode, Some(at(1))), Err(TimeRunsBack { now: at(1000) }));
        }
    }

    #[test]
    fn real_waits_follow_the_mode() {
        let (_, system) = clock(ClockMode::System);
        assert_eq!(system.real_wait(at(3)), Some(Duration::from_secs(3)));
        let (_, manual) = clock(ClockMode::Manual);
        assert_eq!((manual.real_wait(at(3)), manual.real_wait(at(0))), (None, Some(Duration::ZERO)));
        let (_, fast) = clock(ClockMode::Scaled { factor: 3.0 });
        assert!(
            fast.real_wait(at(3)).is_some_and(|d| d >= Duration::from_secs(1) && d < Duration::from_secs(2))
        );
    }

    #[test]
    fn a_reset_and_a_restore_may_go_back() {
        let (_, clock) = clock(ClockMode::Manual);
        clock.reach(at(50));
        clock.set_back(ClockMode::Manual, at(20));
        assert_eq!(clock.now(), at(20));
        clock.reset();
        assert_eq!(clock.now(), at(0));
    }

    #[test]
    fn a_system_clock_becomes_what_it_was_at_a_checkpoint() {
        let (_, clock) = clock(ClockMode::System);
        clock.set_back(ClockMode::System, at(70));
        assert_eq!((clock.mode(), clock.now()), (ClockMode::System, at(0)));
        clock.set_back(ClockMode::Manual, at(70));
        assert_eq!((clock.mode(), clock.now()), (ClockMode::Manual, at(70)));
        // Another one that does not follow the system keeps its mode.
        clock.set_back(ClockMode::System, at(20));
        assert_eq!((clock.mode(), clock.now()), (ClockMode::Manual, at(20)));
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        for mode in [ClockMode::System, ClockMode::Scaled { factor: 0.001 }] {
            let (hand, clock) = clock(mode);
            clock.reach(Timestamp::MAX_UTC);
            *hand.0.lock() = at(1_000_000);
            assert_eq!(clock.now(), Timestamp::MAX_UTC);
            let (_, clock) = self::clock(mode);
            assert!(clock.real_wait(Timestamp::MAX_UTC).is_some());
        }
    }
}
