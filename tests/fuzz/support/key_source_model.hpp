// What a source of keys has promised, kept by a few rules of its own: how long keys serve, how often an issuer is
// asked, and when it may be said to have no other keys.
#pragma once

#include <cstddef>
#include <cstdint>
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
    KeySourceModel(const KeyOptions& options, Tick now) : options_(options), born_(now) {}

    void commanded() {
        ++commands_;
        command_pending_ = true;
    }
    void closed() { closed_ = true; }

    void load_begins(bool no_cache, Tick now);
    /// @param keys  the KeySet::id() that the answer brought or confirmed. @param deadline  that the load was given.
    void load_succeeds(std::uint64_t keys, std::optional<std::chrono::seconds> lifetime, Tick deadline, Tick now);
    void load_fails(Tick deadline, Tick now);
    /// No thread could be had for a fetch that was just started.
    void wake_fails(Tick now);

    /// A caller got these keys to judge with.
    void serves(const Snapshot& keys, Tick now) const;
    /// A caller got the result that there are none.
    void refuses(Tick now) const;
    /// A caller got the result that the issuer has no key of this name.
    void denies(const std::optional<std::string>& key_id, bool after_an_answer, Tick now);

    /// How many loads have begun.
    std::size_t loads() const noexcept { return loads_; }

  private:
    struct Life {
        std::uint64_t keys = 0;  // 0: none
        Tick until = Tick::min();
    };
    struct Outcome {
        Tick at;
        unsigned int failures;  // in a row
        Clock::duration ttl;    // of a success
    };
    /// Whether a fetch that ended now may have been given up before, so that its outcome is not known.
    bool may_be_dropped(Tick deadline, Tick now) const { return now >= deadline + options_.timeout; }

    KeyOptions options_;
    Tick born_;
    std::vector<Life> lives_{Life{}};  // each of which may be the source's
    std::optional<Outcome> last_;      // where it is known
    std::optional<Tick> asked_for_unknown_at_;
    std::map<std::string, Tick> denied_until_;
    std::size_t loads_ = 0, without_cache_ = 0, commands_ = 0, after_close_ = 0;
    bool command_pending_ = false, closed_ = false;
};

}  // namespace authjwks::fuzz
