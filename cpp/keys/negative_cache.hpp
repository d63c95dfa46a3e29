// A bounded cache of issuers that have not responded recently.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "keys/recent_names.hpp"

namespace authjwks {

class NegativeCache {
  public:
    /// @param max_name_bytes longer names are not cached.
    explicit NegativeCache(std::size_t max_name_bytes) : names_(max_name_bytes) {}

    /// Until when `name` is cached; nothing if it is not.
    std::optional<Tick> until(std::string_view name, Tick now) const;
    /// How often `name` was added since it was last removed, as far as its entry still exists, even if it has expired.
    unsigned int times(std::string_view name) const;
    /// Adds a name; the oldest one is removed if there are too many.
    void add(std::string_view name, Tick until);
    void remove(std::string_view name) { names_.remove(name); }
    std::size_t size() const noexcept { return names_.size(); }

  private:
    struct Entry {
        Tick until{};
        unsigned int times = 0;
    };
    RecentNames<Entry> names_;
};

}  // namespace authjwks
