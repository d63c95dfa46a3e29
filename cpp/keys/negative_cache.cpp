#include "keys/negative_cache.hpp"

namespace authjwks {

std::optional<Tick> NegativeCache::until(std::string_view name, Tick now) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end() || now >= found->second->until) return std::nullopt;
    return found->second->until;
}

unsigned int NegativeCache::times(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? 0 : found->second->times;
}

void NegativeCache::add(std::string_view name, Tick until) {
    if (name.size() > max_name_bytes_) return;
    if (const auto found = by_name_.find(name); found != by_name_.end()) {
        const auto entry = found->second;
        entry->until = until;
        ++entry->times;
        names_.splice(names_.end(), names_, entry);
        return;
    }
    if (names_.size() == kMaxNames) {
        by_name_.erase(names_.front().name);
        names_.pop_front();
    }
    names_.push_back({std::string(name), until});
    by_name_.emplace(names_.back().name, std::prev(names_.end()));
}

void NegativeCache::remove(std::string_view name) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return;
    const auto entry = found->second;
    by_name_.erase(found);
    names_.erase(entry);
}

void NegativeCache::clear() {
    by_name_.clear();
    names_.clear();
}

}  // namespace authjwks
