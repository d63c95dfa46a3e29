// A compact JWS on its way to be believed: cut (CompactToken), read (ParsedToken), and proven (VerifiedToken). Each can
// only be made by the step before it. RFC 7515 §3.1, §4.1, §5.2.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "jose/algorithm.hpp"
#include "jose/header.hpp"
#include "jose/scratch.hpp"

namespace authjwks {

/// A compact JWS cut at its dots. Views only: the caller keeps the text alive.
struct CompactToken {
    std::string_view header, payload, signature;  ///< base64url text, without the dots; only the payload may be empty
    std::string_view signing_input;               ///< "header.payload", as received
};

/// Cuts a token at its two dots (RFC 7515 §7.1). Copies nothing, decodes nothing.
/// @param max_bytes  upper bound on text.size(), in bytes. @return too_long or not_three_parts.
Result<CompactToken> split_compact(std::string_view text, std::size_t max_bytes);

/// A token whose header is understood and whose algorithm is allowed. Nothing in it is believed yet. Its views live in
/// the text it came from and in the Scratch it was read with.
class ParsedToken {
  public:
    /// Reads header and signature. @param allowed  what `alg` may be.
    static Result<ParsedToken> parse(const CompactToken& token, const AlgorithmSet& allowed, Scratch& scratch);

    const Algorithm& algorithm() const noexcept { return *header_->algorithm; }
    std::optional<std::string_view> key_id() const noexcept { return header_->key_id; }
    /// The header's `typ`, as written.
    std::optional<std::string_view> type() const noexcept { return header_->type; }
    std::string_view signing_input() const noexcept { return signing_input_; }
    std::string_view signature() const noexcept { return signature_; }

    /// The issuer that the token claims to be from, to look for its keys among those of trusted issuers and for nothing
    /// else. @return bad_base64url, bad_claims, claim_missing or claim_invalid.
    Result<std::string_view> claimed_issuer();

  private:
    friend class VerifiedToken;
    ParsedToken() = default;
    Result<json::Object> read_claims() const;

    const Header* header_ = nullptr;
    std::string_view signing_input_, signature_, payload_;
    std::optional<json::Object> claims_;  // where they were read before the signature was checked
    Scratch* scratch_ = nullptr;
};

class KeySet;

/// A token that a key of a trusted set has signed.
class VerifiedToken {
  public:
    /// The only way to one. @return unknown_key when no key of the set fits, bad_signature when none of those that fit
    /// made the signature.
    static Result<VerifiedToken> check(const ParsedToken& token, const KeySet& keys);

    std::optional<std::string_view> type() const noexcept { return token_.type(); }

    /// The decoded payload, whatever it is. @return bad_base64url.
    Result<std::string_view> payload() const;
    /// The payload as a JSON object of distinct members, in the token's Scratch. @return bad_base64url or bad_claims.
    Result<json::Object> claims() const;

  private:
    explicit VerifiedToken(const ParsedToken& token) : token_(token) {}

    ParsedToken token_;
};

}  // namespace authjwks
