// What a source of keys has promised, kept by a few rules of its own: how long keys serve, how often an issuer is
// asked, and when it may be said to have no other keys.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "keys/refresh_gate.hpp"
#include "keys/snapshot_cell.hpp"

namespace authjwks::fuzz {

/// Checks every load and every result for a caller; ends the process at the first violation.
class KeySourceModel {
  public:
    /// How many key sets an issuer may send. Each has one key, whose id is the number of the set.
    static constexpr std::size_t kSets = 4;

    KeySourceModel(const KeyOptions& options, Tick now) : options_(options), born_(now) {}

    void commanded() {
        ++commands_;
        command_pending_ = true;
    }
    void closed() { closed_ = true; }
    /// A token names this key, or none, and waits for it if need be.
    void noted(const std::optional<std::string>& key_id) { noted_.try_emplace(key_id, past_caches_); }

    /// @return the number of the load among those past all caches, from 1; 0 for another one.
    std::size_t load_begins(bool no_cache, Tick now);
    /// @param number  that load_begins() returned. @param set  that the answer brought or confirmed. @param deadline
    /// that the load was given.
    void load_succeeds(std::size_t number, std::size_t set, std::optional<std::chrono::seconds> lifetime, Tick deadline,
                       Tick now);
    void load_fails(std::optional<std::chrono::seconds> retry_after, Tick deadline, Tick now);
    /// No thread could be had for a fetch that may have been started just now.
    void wake_fails() { last_.reset(); }

    /// A caller got these keys to judge with.
    void serves(const Snapshot& keys, Tick now) const;
    /// A caller got the result that there are none.
    void refuses(Tick now) const;
    /// A caller got the result that the issuer has no key of this name. @param before  loads past all caches when it
    /// called.
    void denies(const std::optional<std::string>& key_id, std::size_t before, Tick now) const;
    /// The same for a caller that has waited already, as far as it knows.
    void denies_after_wait(const std::optional<std::string>& key_id, Tick now) const;

    /// How many loads have begun, and how many of them past all caches.
    std::size_t loads() const noexcept { return loads_; }
    std::size_t past_caches() const noexcept { return past_caches_; }
    /// Whether a load past all caches has succeeded that began after the first `before`.
    bool was_asked_after(std::size_t before) const { return !answers_.empty() && answers_.back().number > before; }

  private:
    struct Life {
        std::optional<std::size_t> set;  // nothing: no keys
        Tick at = Tick::min(), until = Tick::min();
        Clock::duration ttl{};
    };
    struct Outcome {
        Tick at;
        unsigned int failures;  // in a row
        Clock::duration ttl;    // of a success
        Tick began_at, left_alone_until;
    };
    struct Answer {
        std::size_t number;
        Tick at;
    };
    /// Whether a fetch that ended now may have been given up before, so that its outcome is not known.
    bool may_be_dropped(Tick deadline, Tick now) const { return now >= deadline + options_.timeout; }
    void check_frequency(bool is_commanded, bool no_cache, Tick now);
    bool is_denied_by_answer(const std::optional<std::string>& key_id, Tick now) const;
    bool have_alternated_twice() const;

    KeyOptions options_;
    Tick born_;
    std::vector<Life> lives_{Life{}};  // each of which may be the source's
    std::optional<Outcome> last_;      // where it is known
    std::array<std::optional<Tick>, kSets> seen_at_{};
    std::vector<std::size_t> sets_;  // in their order, none twice in a row
    bool knows_sets_ = true;
    std::map<std::optional<std::string>, std::size_t> noted_;  // loads past all caches before the first time
    std::vector<Answer> answers_;                              // past all caches, by their number
    std::size_t loads_ = 0, in_progress_ = 0, past_caches_ = 0, by_allowance_ = 0, commands_ = 0, after_close_ = 0;
    bool command_pending_ = false, closed_ = false;
};

}  // namespace authjwks::fuzz
