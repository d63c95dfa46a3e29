// An immutable set of public keys, found by name in constant time whatever its size (RFC 7517 §5).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/lenient_json.hpp"
#include "base/result.hpp"
#include "jose/jwk.hpp"

namespace authjwks {

/// Why a text is not a key set.
enum class KeySetFault : std::uint8_t { too_large, not_json, not_a_key_set, too_many_keys };

struct KeySetLimits {
    std::size_t max_bytes = std::size_t{1} << 20;
    std::size_t max_keys = 256;
};

class KeySet {
  public:
    /// How many keys of one name are tried, so that a set that repeats a name cannot multiply the work.
    static constexpr std::size_t kMaxCandidates = 4;

    /// The keys that a token may have been signed with.
    class Candidates {
      public:
        void add(const PublicKey& key) {
            if (count_ < kMaxCandidates) keys_[count_++] = &key;
        }
        std::span<const PublicKey* const> keys() const { return std::span(keys_).first(count_); }

      private:
        std::array<const PublicKey*, kMaxCandidates> keys_{};
        std::size_t count_ = 0;
    };

    struct Named {
        std::optional<std::string> key_id;
        PublicKey key;
    };
    struct Skipped {
        std::size_t index;  ///< position in the document's "keys"
        KeyFault reason;
        std::optional<std::string> key_id{};
    };

    /// Reads a JWK set. Members that cannot be used are skipped one by one and reported; a set may end up empty.
    static Result<KeySet, KeySetFault> parse(std::string_view text, const KeySetLimits& limits);
    /// A set of the PEM public keys (RFC 7468 §13) in `pem`. They have no names, so the `kid` of tokens is ignored.
    static Result<KeySet, KeySetFault> parse_pem(std::string_view pem, const KeySetLimits& limits);

    /// The keys of two sets that both serve for one issuer. What is in both is there once.
    static KeySet join(KeySet first, KeySet second);

    /// The keys of exactly this name for `algorithm`; for a token without `kid`, the only key for it, if there is
    /// exactly one. In a set from PEM, all keys for it, at most kMaxCandidates.
    Candidates find(std::optional<std::string_view> key_id, const Algorithm& algorithm) const;

    /// Whether there is a usable key of this name.
    bool has(std::string_view key_id) const { return by_key_id_.contains(key_id); }
    /// Whether a key of this name was skipped.
    bool has_skipped(std::string_view key_id) const;
    /// Whether a key of this set has the name and the algorithm of one in `former`, and is none of those.
    bool replaces_key_of(const KeySet& former) const;

    /// Unique in the process.
    std::uint64_t id() const noexcept { return id_; }
    /// The number of members of the document, usable or not.
    std::size_t members() const noexcept { return members_; }
    std::span<const Named> usable() const noexcept { return keys_; }
    std::span<const Skipped> skipped() const noexcept { return skipped_; }
    /// The faults that were tolerated in its documents.
    const json::Tolerated& tolerated() const noexcept { return tolerated_; }
    void add_tolerated(const json::Tolerated& of_metadata) { tolerated_ |= of_metadata; }

  private:
    struct Range {
        std::size_t first, count;
    };
    KeySet(std::vector<Named> keys, std::vector<Skipped> skipped, std::size_t members, bool has_names = true);

    std::uint64_t id_;
    std::vector<Named> keys_;  // sorted by name, those without one first
    std::vector<Skipped> skipped_;
    std::size_t members_;
    bool has_names_;
    json::Tolerated tolerated_;
    std::unordered_map<std::string_view, Range> by_key_id_;        // views into keys_
    std::array<const PublicKey*, kAlgorithms.size()> only_key_{};  // for each algorithm, if there is exactly one
};

}  // namespace authjwks
