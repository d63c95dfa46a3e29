#include "keys/fetched_keys.hpp"

#include <memory>

namespace authjwks {

void FetchedKeys::replace(KeySet keys) { snapshot_.replace(std::make_shared<const KeySet>(std::move(keys))); }

FetchedKeys::Change FetchedKeys::replace_by(KeySet keys) {
    const Snapshot before = snapshot_.read();
    Change change{.keys = true};
    if (before) {
        change.replaces_a_key = keys.replaces_key_of(*before);
        for (const KeySet::Named& named : before->usable())
            if (named.key_id && !keys.has(*named.key_id)) change.withdrawn.push_back(*named.key_id);
    }
    replace(std::move(keys));
    return change;
}

FetchedKeys::Change FetchedKeys::record(LoadedKeys loaded, Tick now, Clock::duration memory) {
    ++fetches_;
    last_failure_.reset();
    const bool is_former_recent = former_ && now < former_->seen_at + memory;
    if (!loaded.keys) {
        current_ = {std::move(loaded.origin), now};
        if (!is_joined() || is_former_recent) return {};
        returns_ = 0;
        auto alone = KeySet::parse(current_.origin.body, {});
        if (!alone) return {};
        if (current_.origin.location) alone->add_tolerated(current_.origin.location->tolerated);
        return replace_by(*std::move(alone));
    }
    const bool has_come_back = is_former_recent && former_->origin.body == loaded.origin.body;
    former_ = std::exchange(current_, {std::move(loaded.origin), now});
    const bool was_joined = is_joined();
    returns_ = has_come_back ? returns_ + 1 : 0;
    if (!is_joined()) return replace_by(*std::move(loaded.keys));
    if (was_joined) return {};
    auto other = KeySet::parse(former_->origin.body, {});
    if (!other) return replace_by(*std::move(loaded.keys));
    Change change = replace_by(KeySet::join(*std::move(loaded.keys), *std::move(other)));
    change.replicas_differ = true;
    return change;
}

}  // namespace authjwks
