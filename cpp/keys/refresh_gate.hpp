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
    Clock::duration max_stale = std::chrono::hours(24);   ///< how long past the ttl old keys may still serve; 0: never
    Clock::duration cooldown = std::chrono::seconds(10);  ///< after which one more fetch for an unknown key may follow
    Clock::duration timeout = std::chrono::seconds(5);    ///< for one refresh as a whole, waiting for it included
};

/// Why the issuer is asked: keys are missing or old; a token names an unknown key; the operator requests it.
enum class Need : std::uint8_t { keys, unknown_key, command };

/// How old the location of the keys may be, as the metadata named it.
Clock::duration max_location_age(Need need);

/// cold: no keys yet. fresh: within the ttl. overdue: past the ttl, and not asked since. failing: past the ttl or
/// without keys, and the last attempt failed.
enum class Phase : std::uint8_t { cold, fresh, overdue, failing };

class RefreshGate {
  public:
    explicit RefreshGate(const KeyOptions& options) : options_(options) {}

    /// Whether the issuer may be asked at `now`. For keys: when they are due. For an unknown key: always, as far as it
    /// is known here (see UnknownKeys). Neither during a back-off. On command: always.
    bool allows(Need need, Tick now) const;

    /// Records a response with its freshness lifetime, if any. `jitter` in [0, 1) spreads the refreshes of many
    /// processes.
    void succeeded(Tick now, std::optional<std::chrono::seconds> lifetime, double jitter);
    /// Records a failure, after which there is a back-off: of 1 s, doubling up to 60 s; where callers are refused
    /// meanwhile, at most of a fifth of the outage so far, itself from half a second up to 10 s. `jitter` in [0, 1)
    /// reduces it by up to a half.
    /// @param retry_after how long the issuer wants to be left alone, which is respected up to 60 s.
    void failed(Tick now, double jitter, std::optional<std::chrono::seconds> retry_after = std::nullopt);
    /// Records that callers are refused until the issuer responds again. @return whether refresh_at() became earlier.
    bool want();

    /// Chooses the time of the next refresh again, in a forked process.
    void spread(double jitter);

    Phase phase(Tick now) const;
    bool is_failing() const { return outage_.has_value(); }
    /// Whether there are keys that serve: within their ttl, or at most max_stale past it.
    bool may_serve(Tick now) const { return fetched_at_ && now < serves_until(); }
    Tick expires_at() const { return expires_at_; }
    Tick serves_until() const { return expires_at_ + options_.max_stale; }
    /// How long what was fetched last is within its ttl.
    Clock::duration life() const { return fetched_at_ ? expires_at_ - *fetched_at_ : options_.ttl; }
    /// The end of the current back-off, or a time in the past.
    Tick blocked_until() const;
    /// Whether keys serve past their ttl because the issuer fails.
    bool serves_stale(Tick now) const { return phase(now) == Phase::failing && may_serve(now); }
    /// Until when keys may be used without another look at this state; a time in the past if they may not.
    Tick settled_until(Tick now) const;
    /// When to refresh in the background: at 80 % of the ttl, or at the end of a back-off; at once after that where
    /// callers are refused.
    Tick refresh_at() const;
    /// When keys were last fetched, if ever.
    std::optional<Tick> fetched_at() const { return fetched_at_; }

  private:
    /// The failures since the last success.
    struct Outage {
        Tick began_at, failed_at;
        Tick retry_at;  // that the issuer named, or a time in the past
        unsigned int failures = 0;
        double jitter = 0;     // of the latest failure
        bool refuses = false;  // callers, for lack of keys
    };

    KeyOptions options_;
    std::optional<Tick> fetched_at_;
    Tick expires_at_{}, refresh_at_{};  // once fetched
    std::optional<Outage> outage_;
};

}  // namespace authjwks
