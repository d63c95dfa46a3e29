#include "support/key_source_model.hpp"

#include <algorithm>
#include <set>

#include "support/expect.hpp"

namespace authjwks::fuzz {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

/// The shortest back-off after so many failures in a row: half of what doubles from 1 s to 60 s, or of a fifth of the
/// outage where callers are refused.
Clock::duration least_back_off(unsigned int failures, Clock::duration outage) {
    const auto doubling = std::min<Clock::duration>(60s, 1s * (1U << std::min(failures - 1, 6U)));
    return std::min(doubling, std::clamp<Clock::duration>(outage / 5, 500ms, 10s)) / 2;
}

}  // namespace

std::size_t KeySourceModel::load_begins(bool no_cache, Tick now) {
    ++loads_;
    if (in_progress_++ > 0) {  // it was given up
        last_.reset();
        knows_sets_ = false;
    }
    if (closed_) expect(++after_close_ <= 1, "after the end nothing is fetched but what was started");
    const bool is_commanded = no_cache && command_pending_;
    check_frequency(is_commanded, no_cache, now);
    if (!no_cache) return 0;
    command_pending_ = false;
    return ++past_caches_;
}

void KeySourceModel::check_frequency(bool is_commanded, bool no_cache, Tick now) {
    if (is_commanded) return expect(commands_ > 0, "a command is one of the operator");
    if (!last_) return;
    if (last_->failures > 0) {
        const auto back_off = least_back_off(last_->failures, last_->at - last_->began_at);
        expect(now >= last_->at + back_off, "an issuer that failed is left alone for a while");
        return expect(now >= last_->left_alone_until, "and for as long as it wants, up to a minute");
    }
    if (now >= last_->at + last_->ttl * 3 / 4) return;  // a refresh
    expect(no_cache, "keys at hand are not fetched again before their time");
    const auto life = now - born_;
    const auto allowed = 5 + life / options_.cooldown + 1 + life / 1s;
    expect(++by_allowance_ <= static_cast<std::size_t>(allowed), "unknown keys are asked for within their allowances");
}

void KeySourceModel::load_succeeds(std::size_t number, std::size_t set, std::optional<seconds> lifetime, Tick deadline,
                                   Tick now) {
    --in_progress_;
    const Clock::duration ttl =
        lifetime ? Clock::duration(std::clamp(*lifetime, seconds(60), seconds(3600))) : options_.ttl;
    const bool is_sure = !may_be_dropped(deadline, now);
    if (is_sure) lives_.clear();
    lives_.push_back({set, now, now + ttl + options_.max_stale, ttl});
    last_ = is_sure ? std::optional(Outcome{now, 0, ttl, now, now}) : std::nullopt;
    knows_sets_ = knows_sets_ && is_sure;
    seen_at_[set] = now;
    if (sets_.empty() || sets_.back() != set) sets_.push_back(set);
    if (number != 0) answers_.push_back({number, now});
}

void KeySourceModel::load_fails(std::optional<seconds> retry_after, Tick deadline, Tick now) {
    --in_progress_;
    if (may_be_dropped(deadline, now)) return last_.reset();
    const bool goes_on = last_ && last_->failures > 0;
    last_ = Outcome{now,
                    goes_on ? last_->failures + 1 : 1,
                    {},
                    goes_on ? last_->began_at : now,
                    now + std::min(seconds(60), retry_after.value_or(seconds(0)))};
}

bool KeySourceModel::have_alternated_twice() const {
    const auto size = sets_.size();
    return size >= 4 && sets_[size - 1] == sets_[size - 3] && sets_[size - 2] == sets_[size - 4];
}

void KeySourceModel::serves(const Snapshot& keys, Tick now) const {
    expect(keys != nullptr, "keys that are served are there");
    std::set<std::size_t> sets;
    for (const KeySet::Named& named : keys->usable()) sets.insert(std::stoull(*named.key_id));
    expect(std::ranges::any_of(lives_,
                               [&](const Life& life) {
                                   return life.set && sets.contains(*life.set) && now < life.until &&
                                          std::ranges::all_of(
                                              sets,
                                              [&](std::size_t set) {
                                                  return seen_at_[set] && life.at < *seen_at_[set] + 4 * life.ttl;
                                              });
                               }),
           "keys serve no longer than their ttl and max_stale, and beside others for four lives");
    expect(sets.size() <= 2, "at most two sets serve together");
    if (sets.size() == 2 && knows_sets_) expect(have_alternated_twice(), "once they have alternated twice");
}

void KeySourceModel::refuses(Tick now) const {
    expect(std::ranges::any_of(lives_, [now](const Life& life) { return now >= life.until; }),
           "keys that may serve do");
}

/// Whether the issuer was asked, past all caches, after a token had named the key, within a cooldown.
bool KeySourceModel::is_denied_by_answer(const std::optional<std::string>& key_id, Tick now) const {
    const auto noted = noted_.find(key_id);
    return noted != noted_.end() && std::ranges::any_of(answers_, [&](const Answer& answer) {
               return answer.number > noted->second && now < answer.at + options_.cooldown;
           });
}

void KeySourceModel::denies(const std::optional<std::string>& key_id, std::size_t before, Tick now) const {
    expect(was_asked_after(before) || is_denied_by_answer(key_id, now),
           "an issuer is not said to lack a key that it was not asked for");
}

void KeySourceModel::denies_after_wait(const std::optional<std::string>& key_id, Tick now) const {
    expect(is_denied_by_answer(key_id, now) || !last_ || last_->failures == 0,
           "an issuer that fails is not said to lack a key");
}

}  // namespace authjwks::fuzz
