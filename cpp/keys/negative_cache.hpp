// Names that were asked for in vain a short time ago: of keys that an issuer lacks, of issuers that do not answer.
// Bounded, so that made-up names cannot fill memory.
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

    /// @param max_name_bytes  a longer name is not remembered.
    explicit NegativeCache(std::size_t max_name_bytes) : max_name_bytes_(max_name_bytes) {}

    /// Until when `name` is remembered; nothing when it is not, or no longer.
    std::optional<Tick> until(std::string_view name, Tick now) const;
    /// How often `name` was added since it was removed last, as far back as it is remembered, its time over or not.
    unsigned int times(std::string_view name) const;
    /// Remembers a name, forgetting the one added longest ago when there are kMaxNames.
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
