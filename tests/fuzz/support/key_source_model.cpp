#include "support/key_source_model.hpp"

#include <algorithm>

#include "support/expect.hpp"

namespace authjwks::fuzz {
namespace {

using std::chrono::seconds;

/// The shortest back-off after so many failures in a row: half of what doubles from 1 s to 10 s.
Clock::duration least_back_off(unsigned int failures) {
    return std::min<Clock::duration>(seconds(10), seconds(1) * (1U << std::min(failures - 1, 4U))) / 2;
}

}  // namespace

void KeySourceModel::load_begins(bool no_cache, Tick now) {
    ++loads_;
    if (closed_) expect(++after_close_ <= 1, "after the end nothing is fetched but what was started");
    const bool commanded = no_cache && command_pending_;
    if (last_ && last_->failures > 0 && !commanded)
        expect(now >= last_->at + least_back_off(last_->failures), "an issuer that failed is left alone for a while");
    if (last_ && last_->failures == 0 && !no_cache)
        expect(now >= last_->at + last_->ttl * 3 / 4, "keys at hand are not fetched again before their time");
    if (!no_cache) return;
    command_pending_ = false;
    asked_for_unknown_at_ = now;
    const auto allowed = static_cast<std::size_t>((now - born_) / (options_.cooldown / 2)) + 1;
    expect(++without_cache_ <= commands_ + allowed, "unknown keys are asked for twice a cooldown at most");
}

void KeySourceModel::load_succeeds(std::uint64_t keys, std::optional<seconds> lifetime, Tick deadline, Tick now) {
    const Clock::duration ttl =
        lifetime ? Clock::duration(std::clamp(*lifetime, seconds(60), seconds(3600))) : options_.ttl;
    const bool is_sure = !may_be_dropped(deadline, now);
    if (is_sure) lives_.clear();
    lives_.push_back({keys, now + ttl + options_.max_stale});
    last_ = is_sure ? std::optional(Outcome{now, 0, ttl}) : std::nullopt;
    if (asked_for_unknown_at_) asked_for_unknown_at_ = now;
}

void KeySourceModel::load_fails(Tick deadline, Tick now) {
    if (may_be_dropped(deadline, now))
        last_.reset();
    else
        last_ = Outcome{now, last_ ? last_->failures + 1 : 1, {}};
}

void KeySourceModel::wake_fails(Tick now) {
    asked_for_unknown_at_ = now;
    last_ = Outcome{now, last_ ? last_->failures + 1 : 1, {}};
}

void KeySourceModel::serves(const Snapshot& keys, Tick now) const {
    expect(keys != nullptr, "keys that are served are there");
    expect(std::ranges::any_of(lives_, [&](const Life& life) { return life.keys == keys->id() && now < life.until; }),
           "keys serve no longer than their ttl and max_stale");
}

void KeySourceModel::refuses(Tick now) const {
    expect(std::ranges::any_of(lives_, [now](const Life& life) { return now >= life.until; }),
           "keys that may serve do");
}

void KeySourceModel::denies(const std::optional<std::string>& key_id, bool after_an_answer, Tick now) {
    const auto denied = key_id ? denied_until_.find(*key_id) : denied_until_.end();
    const bool is_cached = denied != denied_until_.end() && now < denied->second;
    if (after_an_answer && key_id) denied_until_[*key_id] = now + options_.cooldown;
    if (is_cached) return;
    expect(!last_ || last_->failures == 0, "an issuer that fails is not said to lack a key");
    const bool was_asked = asked_for_unknown_at_ && now < *asked_for_unknown_at_ + options_.cooldown;
    expect(after_an_answer || closed_ || was_asked, "nor one that was not asked for it");
}

}  // namespace authjwks::fuzz
