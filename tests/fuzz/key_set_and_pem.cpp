// Whether a key set, as JSON or PEM, yields only keys that may check signatures, finds each, and accounts for the rest.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/handles.hpp"
#include "jose/key_set.hpp"
#include "support/byte_reader.hpp"
#include "support/expect.hpp"
#include "support/json_model.hpp"
#include "support/jwk_model.hpp"

#ifndef AUTHJWKS_CRYPTO_AWS_LC
#include <openssl/ui.h>
#endif

namespace authjwks {
namespace {

constexpr std::size_t kMaxAlgorithms = 6;  // that one key can serve: those of RSA

constexpr std::array kLimits{KeySetLimits{}, KeySetLimits{.max_bytes = 2000, .max_keys = 256},
                             KeySetLimits{.max_bytes = std::size_t{1} << 20, .max_keys = 2}};

/// A password that is asked for at the terminal would stop the service. AWS-LC has no way to ask.
void forbid_prompts() {
#ifndef AUTHJWKS_CRYPTO_AWS_LC
    static UI_METHOD* const method = [] {
        UI_METHOD* const made = UI_create_method("none may ask");
        UI_method_set_opener(made, [](UI*) {
            fuzz::expect(false, "no key is asked for at the terminal");
            return 0;
        });
        return made;
    }();
    UI_set_default_method(method);
#endif
}

void check_accounts(const KeySet& keys, const KeySetLimits& limits) {
    const auto skipped = keys.skipped();
    fuzz::expect(keys.members() <= limits.max_keys, "no more members than the limit");
    fuzz::expect(std::ranges::adjacent_find(skipped, std::greater_equal{}, &KeySet::Skipped::index) == skipped.end(),
                 "no member is skipped twice");
    fuzz::expect(skipped.empty() || skipped.back().index < keys.members(), "only members are skipped");
    const std::size_t used = keys.members() - skipped.size();
    fuzz::expect(keys.usable().size() >= used && keys.usable().size() <= used * kMaxAlgorithms,
                 "every member is used or skipped");
}

void check_finding(const KeySet& keys, bool has_names) {
    for (const KeySet::Named& named : keys.usable()) {
        const auto& key_id = named.key_id;
        const PublicKey& key = named.key;
        const auto serves = [&key](const KeySet::Named& other) { return &other.key.algorithm() == &key.algorithm(); };
        const auto is_namesake = [&](const KeySet::Named& other) {
            return serves(other) && (!has_names || other.key_id == key_id);
        };
        const auto expected = static_cast<std::size_t>(std::ranges::count_if(keys.usable(), is_namesake));
        const auto found = keys.find(key_id, key.algorithm());
        if (has_names && !key_id) {
            const bool is_only = std::ranges::count_if(keys.usable(), serves) == 1;
            fuzz::expect(found.keys().size() == (is_only ? 1U : 0U), "without a name, the only key that serves");
            continue;
        }
        fuzz::expect(found.keys().size() == std::min(expected, KeySet::kMaxCandidates), "all of a name, four at most");
        fuzz::expect(expected > KeySet::kMaxCandidates || std::ranges::find(found.keys(), &key) != found.keys().end(),
                     "a key is found by its name");
        for (const PublicKey* candidate : found.keys())
            fuzz::expect(&candidate->algorithm() == &key.algorithm(), "and serves the algorithm that was asked for");
    }
}

/// Holds what is used of a key set against a reading of our own.
void check_members(const KeySet& keys, std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    const auto document =
        fuzz::JsonModel::read(text.starts_with(byte_order_mark) ? text.substr(byte_order_mark.size()) : text);
    const auto* const members = document ? document->member("keys") : nullptr;
    fuzz::expect(members != nullptr && members->array() != nullptr && members->array()->size() == keys.members(),
                 "a key set is an object with a list of keys");
    std::size_t usable = 0;
    for (std::size_t index = 0; index < keys.members(); ++index) {
        if (std::ranges::find(keys.skipped(), index, &KeySet::Skipped::index) != keys.skipped().end()) continue;
        const fuzz::JsonModel& jwk = (*members->array())[index];
        const auto* const kid = jwk.member("kid");
        const std::string* const name = kid != nullptr ? kid->text() : nullptr;
        std::size_t served = 0;
        for (const Algorithm& row : kAlgorithms) {
            if (!fuzz::may_verify(jwk, row.name)) continue;
            ++served;
            fuzz::expect(std::ranges::any_of(keys.usable(),
                                             [&](const KeySet::Named& each) {
                                                 return &each.key.algorithm() == &row &&
                                                        (name ? each.key_id == *name : !each.key_id);
                                             }),
                         "a member that is used serves every algorithm it may");
        }
        fuzz::expect(served > 0, "a member that is used may verify");
        usable += served;
    }
    fuzz::expect(keys.usable().size() == usable, "and none that it may not");
}

bool is_sound(const unsigned char* der, long size) {
    const crypto::Pkey key(d2i_PUBKEY(nullptr, &der, size));
    const int bits = key ? EVP_PKEY_bits(key.get()) : 0;
    const int kind = key ? EVP_PKEY_base_id(key.get()) : EVP_PKEY_NONE;
    return (kind == EVP_PKEY_RSA && bits >= 2048 && bits <= 8192) ||
           (kind == EVP_PKEY_EC && (bits == 256 || bits == 384 || bits == 521)) || kind == EVP_PKEY_ED25519 ||
           (crypto::kHasEd448 && kind == NID_ED448);
}

/// How many blocks hold a public key of a sound kind and size, each read from its first line as if there were no other.
std::size_t sound_blocks(std::string_view pem) {
    constexpr std::string_view begin = "-----BEGIN PUBLIC KEY";
    std::size_t sound = 0;
    for (auto at = pem.find(begin); at != std::string_view::npos; at = pem.find(begin, at + 1)) {
        const auto block = pem.substr(at);
        const crypto::Bio memory(BIO_new_mem_buf(block.data(), static_cast<int>(block.size())));
        char *name = nullptr, *header = nullptr;
        unsigned char* der = nullptr;
        long size = 0;
        if (PEM_read_bio(memory.get(), &name, &header, &der, &size) != 1) continue;
        if (is_sound(der, size)) ++sound;
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(der);
    }
    ERR_clear_error();
    return sound;
}

void check(std::string_view text, bool is_pem, const KeySetLimits& limits) {
    const auto keys = is_pem ? KeySet::parse_pem(text, limits) : KeySet::parse(text, limits);
    if (text.size() > limits.max_bytes)
        return fuzz::expect(!keys && keys.error() == KeySetFault::too_large, "too long a text is refused as such");
    if (!keys) return;
    check_accounts(*keys, limits);
    check_finding(*keys, !is_pem);
    if (!is_pem) return check_members(*keys, text);
    fuzz::expect(keys->members() - keys->skipped().size() <= sound_blocks(text), "only sound public keys are used");
}

}  // namespace
}  // namespace authjwks

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    authjwks::forbid_prompts();
    authjwks::fuzz::ByteReader input(data, size);
    const bool is_pem = input.flag();
    const auto& limits = authjwks::kLimits[input.choice(authjwks::kLimits.size())];
    authjwks::check(input.rest(), is_pem, limits);
    return 0;
}
