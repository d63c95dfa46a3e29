// The life of an issuer's keys as a state machine: when it may be asked, and for how long its last answer serves. Pure:
// clock and jitter are arguments; the owner guards it with its own lock.
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

/// Why the issuer is asked: keys are missing or old; a token names one that is not there; the operator says so.
enum class Need : std::uint8_t { keys, unknown_key, command };

/// cold: no answer yet. fresh: within the ttl. overdue: past it, not asked since. failing: past it (or never had any),
/// and the last attempt failed.
enum class Phase : std::uint8_t { cold, fresh, overdue, failing };

class RefreshGate {
  public:
    explicit RefreshGate(const KeyOptions& options) : options_(options) {}

    /// Whether the issuer may be asked at `now`. For keys: when they are due, unless a failure's back-off is running.
    /// For an unknown key: once per cooldown, and not during a back-off. On command: always.
    bool allows(Need need, Tick now) const;

    /// Records that it is being asked. Counted on every attempt, so that failures cannot be made to repeat.
    void started(Need need, Tick now);
    /// Records an answer with the lifetime it named, if any; `jitter` in [0, 1) spreads the next refresh of many
    /// processes.
    void succeeded(Tick now, std::optional<std::chrono::seconds> lifetime, double jitter);
    /// Records a failure. The next attempt waits 1 s, doubling up to 60 s, or up to 10 s while there are no keys that
    /// serve; less up to half of that by `jitter` in [0, 1).
    void failed(Tick now, double jitter);

    /// Chooses the moment of the next refresh again, for a process that shares its past with others.
    void spread(double jitter);

    Phase phase(Tick now) const;
    bool is_failing() const { return failures_ > 0; }
    /// Whether keys have been fetched and serve: within their ttl, or no longer than max_stale past it.
    bool may_serve(Tick now) const { return fetched_at_ && now < serves_until(); }
    Tick expires_at() const { return expires_at_; }
    Tick serves_until() const { return expires_at_ + options_.max_stale; }
    /// The end of the back-off that runs, or a tick in the past.
    Tick blocked_until() const { return blocked_until_; }
    /// Whether keys serve past their ttl, since the issuer fails.
    bool serves_stale(Tick now) const { return phase(now) == Phase::failing && may_serve(now); }
    /// Until when keys may be used without asking here again; a tick in the past when they may not.
    Tick settled_until(Tick now) const;
    /// When to refresh off the request path: at 80 % of the ttl, or at the end of a back-off.
    Tick refresh_at() const;
    /// When a caller who was told that keys are unavailable may find them: those that are missing, or, while some
    /// serve, the one that is not among them.
    Tick retry_at(Tick now) const;
    /// When keys last came; nothing before the first time.
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
