#include "keys/unknown_keys.hpp"

namespace authjwks {

bool UnknownKeys::contains(std::string_view key_id, Tick now) const {
    const auto found = by_name_.find(key_id);
    return found != by_name_.end() && now < found->second->until;
}

void UnknownKeys::add(std::string_view key_id, Tick until) {
    if (key_id.size() > kMaxNameBytes) return;
    if (const auto found = by_name_.find(key_id); found != by_name_.end()) {
        const auto entry = found->second;
        entry->until = until;
        names_.splice(names_.end(), names_, entry);
        return;
    }
    if (names_.size() == kMaxNames) {
        by_name_.erase(names_.front().name);
        names_.pop_front();
    }
    names_.push_back({std::string(key_id), until});
    by_name_.emplace(names_.back().name, std::prev(names_.end()));
}

void UnknownKeys::clear() {
    by_name_.clear();
    names_.clear();
}

}  // namespace authjwks
