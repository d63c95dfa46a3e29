#include "keys/negative_cache.hpp"

namespace authjwks {

std::optional<Tick> NegativeCache::until(std::string_view name, Tick now) const {
    const Entry* const entry = names_.find(name);
    if (entry == nullptr || now >= entry->until) return std::nullopt;
    return entry->until;
}

unsigned int NegativeCache::times(std::string_view name) const {
    const Entry* const entry = names_.find(name);
    return entry == nullptr ? 0 : entry->times;
}

void NegativeCache::add(std::string_view name, Tick until) {
    Entry* const entry = names_.use(name, {});
    if (entry == nullptr) return;
    entry->until = until;
    ++entry->times;
}

}  // namespace authjwks
