// A bounded cache of names that were not found recently: of keys that an issuer does not have, or of issuers that do
// not respond.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"

namespace authjwks {

class NegativeCache {
  public:
    static constexpr std::size_t kMaxNames = 1024;

    /// @param max_name_bytes longer names are not cached.
    explicit NegativeCache(std::size_t max_name_bytes) : max_name_bytes_(max_name_bytes) {}

    /// Until when `name` is cached; nothing if it is not.
    std::optional<Tick> until(std::string_view name, Tick now) const;
    /// How often `name` was added since it was last removed, as far as its entry still exists, even if it has expired.
    unsigned int times(std::string_view name) const;
    /// Adds a name; the oldest one is removed if there are kMaxNames.
    void add(std::string_view name, Tick until);
    void remove(std::string_view name);
    void clear();
    std::size_t size() const noexcept { return names_.size(); }

  private:
    struct Entry {
        std::string name;
        Tick until;
        unsigned int times = 1;
    };
    std::size_t max_name_bytes_;
    std::list<Entry> names_;                                                    // the oldest first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_name_;  // views into names_
};

}  // namespace authjwks
