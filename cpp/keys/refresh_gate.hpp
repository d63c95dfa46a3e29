// A state machine that decides when an issuer may be asked, and how long its keys serve. Pure: time and jitter are
// arguments. The lock of the owner guards it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace authjwks {

struct KeyOptions {
    Clock::duration ttl = std::chrono::seconds(900);
    Clock::duration max_stale = std::chrono::hours(24);  ///< how long past the ttl old keys may still serve; 0: never
    Clock::duration cooldown = std::chrono::seconds(30);
    Clock::duration timeout = std::chrono::seconds(5);  ///< for one refresh as a whole, waiting for it included
};

/// Why the issuer is asked: keys are missing or old; a token names an unknown key; the operator requests it.
enum class Need : std::uint8_t { keys, unknown_key, command };

/// cold: no keys yet. fresh: within the ttl. overdue: past the ttl, and not asked since. failing: past the ttl or
/// without keys, and the last attempt failed.
enum class Phase : std::uint8_t { cold, fresh, overdue, failing };

class RefreshGate {
  public:
    explicit RefreshGate(const KeyOptions& options) : options_(options) {}

    /// Whether the issuer may be asked at `now`. For keys: when they are due, unless a failure's back-off is running.
    /// For an unknown key: once per cooldown, and not during a back-off. On command: always.
    bool allows(Need need, Tick now) const;

    /// Records the start of an attempt, whatever its outcome, so that failures are limited too.
    void started(Need need, Tick now);
    /// Records a response with its freshness lifetime, if any. `jitter` in [0, 1) spreads the refreshes of many
    /// processes.
    void succeeded(Tick now, std::optional<std::chrono::seconds> lifetime, double jitter);
    /// Records a failure. The next attempt waits 1 s, doubling up to 60 s, or up to 10 s while no keys serve; `jitter`
    /// in [0, 1) reduces that by up to a half.
    void failed(Tick now, double jitter);

    /// Chooses the time of the next refresh again, in a forked process.
    void spread(double jitter);

    Phase phase(Tick now) const;
    bool is_failing() const { return failures_ > 0; }
    /// Whether there are keys that serve: within their ttl, or at most max_stale past it.
    bool may_serve(Tick now) const { return fetched_at_ && now < serves_until(); }
    Tick expires_at() const { return expires_at_; }
    Tick serves_until() const { return expires_at_ + options_.max_stale; }
    /// The end of the current back-off, or a time in the past.
    Tick blocked_until() const { return blocked_until_; }
    /// Whether keys serve past their ttl because the issuer fails.
    bool serves_stale(Tick now) const { return phase(now) == Phase::failing && may_serve(now); }
    /// Until when keys may be used without another look at this state; a time in the past if they may not.
    Tick settled_until(Tick now) const;
    /// When to refresh in the background: at 80 % of the ttl, or at the end of a back-off.
    Tick refresh_at() const;
    /// When a caller for whom keys were unavailable should try again.
    Tick retry_at(Tick now) const;
    /// When keys were last fetched, if ever.
    std::optional<Tick> fetched_at() const { return fetched_at_; }

  private:
    Tick unknown_allowed_at() const;

    KeyOptions options_;
    std::optional<Tick> fetched_at_, asked_for_unknown_at_;
    Tick expires_at_{}, refresh_at_{};  // once fetched
    Tick blocked_until_{};
    unsigned int failures_ = 0;  // since the last success
};

}  // namespace authjwks
