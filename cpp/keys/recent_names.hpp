// A bounded map from names, which strangers choose, to what is known of them: the least recently used is dropped.
#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace authjwks {

template <class Known>
class RecentNames {
  public:
    static constexpr std::size_t kMaxNames = 1024;

    /// @param max_name_bytes longer names are not kept.
    explicit RecentNames(std::size_t max_name_bytes) : max_name_bytes_(max_name_bytes) {}

    /// What is known of `name`; null if nothing is.
    const Known* find(std::string_view name) const {
        const auto found = by_name_.find(name);
        return found == by_name_.end() ? nullptr : &found->second->second;
    }

    /// What is known of `name`, which counts as used now, for changing it; `fresh` if nothing was. Null for a name that
    /// is too long.
    Known* use(std::string_view name, Known fresh) {
        if (name.size() > max_name_bytes_) return nullptr;
        if (const auto found = by_name_.find(name); found != by_name_.end()) {
            names_.splice(names_.end(), names_, found->second);
            return &names_.back().second;
        }
        if (names_.size() == kMaxNames) {
            by_name_.erase(names_.front().first);
            names_.pop_front();
        }
        names_.emplace_back(std::string(name), std::move(fresh));
        by_name_.emplace(names_.back().first, std::prev(names_.end()));
        return &names_.back().second;
    }

    void remove(std::string_view name) {
        const auto found = by_name_.find(name);
        if (found == by_name_.end()) return;
        const auto entry = found->second;
        by_name_.erase(found);
        names_.erase(entry);
    }

    std::size_t size() const noexcept { return names_.size(); }

  private:
    using Names = std::list<std::pair<std::string, Known>>;  // the least recently used first

    std::size_t max_name_bytes_;
    Names names_;
    std::unordered_map<std::string_view, typename Names::iterator> by_name_;  // views into names_
};

}  // namespace authjwks
