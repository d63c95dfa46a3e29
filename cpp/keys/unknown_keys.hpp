// The key ids that tokens name and the issuer has not published.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "keys/negative_cache.hpp"

namespace authjwks {

/// The owner's lock guards all members.
class UnknownKeys {
  public:
    /// Whether the issuer was asked for this key, and may not be asked for it again yet.
    bool is_missing(std::optional<std::string_view> key_id, Tick now) const {
        return key_id && missing_.until(*key_id, now).has_value();
    }
    /// Records that the issuer was asked for this key, and has none.
    void add_missing(std::optional<std::string_view> key_id, Tick until) {
        if (key_id) missing_.add(*key_id, until);
    }
    /// Forgets all ids, as the issuer has published another key set.
    void clear() { missing_.clear(); }

    /// Counts a token that was refused without asking the issuer. @return whether it is the first since the last fetch.
    bool throttle() {
        ++throttled_;
        return !std::exchange(announced_, true);
    }
    void fetch_started() noexcept { announced_ = false; }
    std::uint64_t throttled() const noexcept { return throttled_; }

  private:
    static constexpr std::size_t kMaxKeyIdBytes = 256;  // longer ones are not cached

    NegativeCache missing_{kMaxKeyIdBytes};
    std::uint64_t throttled_ = 0;
    bool announced_ = false;
};

}  // namespace authjwks
