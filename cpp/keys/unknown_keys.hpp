// Names of keys that an issuer was just asked for and does not have. Bounded, so that made-up names cannot fill memory.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "keys/fetch.hpp"

namespace authjwks {

class UnknownKeys {
  public:
    static constexpr std::size_t kMaxNames = 1024;
    static constexpr std::size_t kMaxNameBytes = 256;  ///< a longer name is not remembered

    /// Whether `key_id` was added and `until` has not come yet.
    bool contains(std::string_view key_id, Tick now) const;
    /// Remembers a name, forgetting the one added longest ago when there are kMaxNames.
    void add(std::string_view key_id, Tick until);
    void clear();
    std::size_t size() const noexcept { return names_.size(); }

  private:
    struct Entry {
        std::string name;
        Tick until;
    };
    std::list<Entry> names_;                                                    // the oldest first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_name_;  // views into names_
};

}  // namespace authjwks
