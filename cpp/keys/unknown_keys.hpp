// The key ids that tokens name and the issuer has not published: which of them it was asked about, and how often it may
// be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "keys/allowance.hpp"
#include "keys/recent_names.hpp"

namespace authjwks {

/// Every request past all caches asks about all key ids that were noted before it was sent. Pure: the time is an
/// argument. The owner's lock guards it.
class UnknownKeys {
  public:
    /// How many fetches for unknown keys there may be at once; one more each `cooldown` after that.
    static constexpr unsigned int kBurst = 5;
    /// How often the issuer is asked about an id that a second token has named, when the allowance is used up: a
    /// made-up id comes once, while all tokens of a new key name the same one.
    static constexpr Clock::duration kNamedAgainInterval = std::chrono::seconds(1);

    explicit UnknownKeys(Clock::duration cooldown)
        : cooldown_(cooldown), allowance_(kBurst, cooldown), named_again_allowance_(1, kNamedAgainInterval) {}

    /// Records that a token names this key, or none. To be called once for a token.
    void note(std::optional<std::string_view> key_id, Tick now);
    /// Records that the issuer has just withdrawn a key, so that nobody need ask about it for a cooldown.
    void withdraw(std::string_view key_id, Tick now);
    /// Whether the issuer was asked about this key within a cooldown, after it was noted, and does not have it.
    bool is_missing(std::optional<std::string_view> key_id, Tick now) const;
    /// The number of requests past all caches that were sent so far.
    std::uint64_t sent() const noexcept { return sent_; }
    /// Whether one that was sent after the first `before` has been responded to.
    bool was_asked_after(std::uint64_t before) const noexcept { return answered_ > before; }

    /// Takes the permission for a fetch about this key. @return whether there was one.
    bool take(std::optional<std::string_view> key_id, Tick now);
    /// The same for a signature that has failed under a known key. What is needed for an unknown one is left.
    bool take_for_recheck(Tick now) { return allowance_.take(now, 1); }
    /// How long until a key that was noted may be asked about.
    Clock::duration wait(Tick now) const;

    /// Records that a request past all caches is sent. @return its number, from 1.
    std::uint64_t send() noexcept { return ++sent_; }
    /// Records the response to a request of that number.
    void responded(std::uint64_t number, Tick now);
    /// Whether tokens were answered without asking about their keys since the last such response.
    bool are_wanted() const noexcept { return wanted_; }

    /// Counts a token whose key was not asked about. @return whether it is the first since the last fetch.
    bool throttle() {
        ++throttled_;
        wanted_ = true;
        return !std::exchange(announced_, true);
    }
    void fetch_started() noexcept { announced_ = false; }
    std::uint64_t throttled() const noexcept { return throttled_; }

  private:
    static constexpr std::size_t kMaxKeyIdBytes = 256;  // longer ones are not kept
    struct Noted {
        std::uint64_t sent_before = 0;
        unsigned int times = 0;
        Tick withdrawn_until = Tick::min();
    };
    bool is_remembered(Tick now) const { return answered_ > 0 && now < responded_at_ + cooldown_; }

    Clock::duration cooldown_;
    Allowance allowance_, named_again_allowance_;
    RecentNames<Noted> noted_{kMaxKeyIdBytes + 1};
    std::uint64_t sent_ = 0, answered_ = 0;  // numbers of requests
    Tick responded_at_{};                    // to the latest that was
    std::uint64_t throttled_ = 0;
    bool announced_ = false, wanted_ = false;
};

}  // namespace authjwks
