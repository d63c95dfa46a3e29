#include "jose/key_set.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/serial.hpp"
#include "crypto/pem.hpp"

namespace authjwks {
namespace {

/// A key set needs four levels: the set, its list, a key, and a list in the key; the rest is for extensions.
constexpr std::size_t kMaxDepth = 16;

std::optional<std::string> name_of_member(json::Value entry) {
    const auto object = json::as<json::Object>(entry);
    const auto key_id = object ? json::member(*object, "kid") : std::nullopt;
    const auto text = key_id ? json::text_of(*key_id) : std::nullopt;
    return text ? std::optional<std::string>(*text) : std::nullopt;
}

Result<KeyMaterial, KeyFault> checked(std::optional<crypto::Key> key) {
    if (!key) return KeyFault::unsupported_kty;
    return KeyMaterial::check(*std::move(key));
}

}  // namespace

KeySet::KeySet(std::vector<Named> keys, std::vector<Skipped> skipped, std::size_t members, bool has_names)
    : id_(next_serial()),
      keys_(std::move(keys)),
      skipped_(std::move(skipped)),
      members_(members),
      has_names_(has_names) {
    std::ranges::stable_sort(keys_, {}, &Named::key_id);
    std::array<std::size_t, kAlgorithms.size()> serving{};
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        const Named& named = keys_[i];
        const std::size_t row = index_of(named.key.algorithm());
        only_key_[row] = ++serving[row] == 1 ? &named.key : nullptr;
        if (named.key_id) ++by_key_id_.try_emplace(*named.key_id, Range{i, 0}).first->second.count;
    }
}

KeySet::Candidates KeySet::find(std::optional<std::string_view> key_id, const Algorithm& algorithm) const {
    Candidates candidates;
    if (!has_names_) {
        for (const Named& named : keys_)
            if (&named.key.algorithm() == &algorithm) candidates.add(named.key);
        return candidates;
    }
    if (!key_id) {
        if (const PublicKey* key = only_key_[index_of(algorithm)]) candidates.add(*key);
        return candidates;
    }
    const auto range = by_key_id_.find(*key_id);
    if (range == by_key_id_.end()) return candidates;
    for (const Named& named : std::span(keys_).subspan(range->second.first, range->second.count))
        if (&named.key.algorithm() == &algorithm) candidates.add(named.key);
    return candidates;
}

KeySet KeySet::join(KeySet first, KeySet second) {
    std::vector<Named> keys = std::move(first.keys_);
    for (Named& named : second.keys_) {
        const auto is_same = [&named](const Named& other) {
            return named.key_id == other.key_id && named.key.is_same_as(other.key);
        };
        if (std::ranges::none_of(keys, is_same)) keys.push_back(std::move(named));
    }
    std::vector<Skipped> skipped = std::move(first.skipped_);
    std::ranges::move(second.skipped_, std::back_inserter(skipped));
    KeySet both(std::move(keys), std::move(skipped), first.members_ + second.members_);
    both.add_tolerated(first.tolerated_);
    both.add_tolerated(second.tolerated_);
    return both;
}

bool KeySet::has_skipped(std::string_view key_id) const {
    return std::ranges::any_of(skipped_, [key_id](const Skipped& entry) { return entry.key_id == key_id; });
}

bool KeySet::replaces_key_of(const KeySet& former) const {
    return std::ranges::any_of(keys_, [&former](const Named& named) {
        if (!named.key_id) return false;
        const auto candidates = former.find(named.key_id, named.key.algorithm());
        return !candidates.keys().empty() && std::ranges::none_of(candidates.keys(), [&named](const PublicKey* key) {
            return key->is_same_as(named.key);
        });
    });
}

Result<KeySet, KeySetFault> KeySet::parse(std::string_view text, const KeySetLimits& limits) {
    if (text.size() > limits.max_bytes) return KeySetFault::too_large;
    json::Document document(kMaxDepth);
    json::Tolerated tolerated;
    const auto value = json::parse_leniently(document, text, tolerated);
    if (!value) return KeySetFault::not_json;
    const auto object = json::as<json::Object>(*value);
    if (!object || !json::names_are_distinct(*object)) return KeySetFault::not_a_key_set;
    const auto member = json::member(*object, "keys");
    const auto members = member ? json::as<json::Array>(*member) : std::nullopt;
    if (!members) return KeySetFault::not_a_key_set;
    if (members->size() > limits.max_keys) return KeySetFault::too_many_keys;

    std::vector<Named> keys;
    std::vector<Skipped> skipped;
    std::size_t index = 0;
    for (const json::Value entry : *members) {
        auto jwk = parse_jwk(entry);
        if (jwk)
            for (PublicKey& key : jwk->keys) keys.push_back({jwk->key_id, std::move(key)});
        else
            skipped.push_back({index, jwk.error(), name_of_member(entry)});
        ++index;
    }
    KeySet set(std::move(keys), std::move(skipped), index);
    set.add_tolerated(tolerated);
    return set;
}

Result<KeySet, KeySetFault> KeySet::parse_pem(std::string_view pem, const KeySetLimits& limits) {
    if (pem.size() > limits.max_bytes) return KeySetFault::too_large;
    crypto::PemKeys text(pem);
    std::vector<Named> keys;
    std::vector<Skipped> skipped;
    std::size_t index = 0;
    for (; index <= limits.max_keys; ++index) {
        auto block = text.next();
        if (!block) break;
        const auto material = checked(std::move(block->key));
        if (!material) {
            skipped.push_back({index, material.error(), {}});
            continue;
        }
        for (PublicKey& key : bind_to_all(*material)) keys.push_back({std::nullopt, std::move(key)});
    }
    if (index == 0) return KeySetFault::not_a_key_set;
    if (index > limits.max_keys) return KeySetFault::too_many_keys;
    return KeySet(std::move(keys), std::move(skipped), index, false);
}

}  // namespace authjwks
