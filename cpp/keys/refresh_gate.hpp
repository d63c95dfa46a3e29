// When a source of keys may ask its issuer again, and for how long it may do without an answer. Pure: clock and jitter
// are arguments; the owner guards it with its own lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "keys/fetch.hpp"

namespace authjwks {

struct KeyOptions {
    Clock::duration ttl = std::chrono::seconds(900);
    Clock::duration max_stale = std::chrono::hours(24);  ///< how long after the ttl old keys may still serve; 0: never
    Clock::duration cooldown = std::chrono::seconds(30);
    Clock::duration timeout = std::chrono::seconds(5);  ///< for one refresh as a whole
};

/// Why keys are wanted.
enum class Need : std::uint8_t { keys, unknown_key };

class RefreshGate {
  public:
    explicit RefreshGate(const KeyOptions& options) : options_(options) {}

    /// Whether a refresh for this need may start at `now`. Keys that are missing or past their ttl: unless a failure's
    /// back-off is still running. A key that is not in the set: once per cooldown, and not during a back-off either.
    bool allows(Need need, Tick now) const;

    /// Records that one has started. Counted on every attempt, so that failures cannot be made to repeat.
    void started(Need need, Tick now);
    /// Records keys that came, with the lifetime their answer named, if any.
    void succeeded(Tick now, std::optional<std::chrono::seconds> max_age);
    /// Records a failure; the next attempt waits for 1 s doubling to 60 s, less up to half of it by `jitter` in [0, 1).
    void failed(Tick now, double jitter);

    /// Whether keys have been fetched and may serve: within their ttl, or no longer than max_stale after it.
    bool may_serve(Tick now) const { return fetched_at_ && now < serves_until(); }
    /// The end of that time; only meaningful once keys have been fetched.
    Tick serves_until() const { return expires_at_ + options_.max_stale; }
    /// Whether keys have been fetched and are within their ttl.
    bool is_fresh(Tick now) const { return fetched_at_ && now < expires_at_; }
    /// When keys that are missing or past their ttl may be asked for.
    Tick next_attempt() const;
    /// When keys last came; nothing before the first time.
    std::optional<Tick> fetched_at() const { return fetched_at_; }

  private:
    KeyOptions options_;
    std::optional<Tick> fetched_at_;
    Tick expires_at_{};     // of the keys' ttl, once fetched
    Tick blocked_until_{};  // by back-off
    Tick asked_for_unknown_{};
    bool has_asked_for_unknown_ = false;
    unsigned int failures_ = 0;  // since the last success
};

}  // namespace authjwks
