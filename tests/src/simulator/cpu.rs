//! What computing costs, however busy the machine is with other things.

use std::time::Duration;

/// Time that this thread has computed so far.
#[cfg(unix)]
pub(super) fn spent() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or_default(), time.tv_nsec.try_into().unwrap_or_default())
}

/// Time on a clock, where a system has no other.
#[cfg(not(unix))]
pub(super) fn spent() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}
