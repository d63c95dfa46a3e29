// OpenSSL's contexts for checking signatures of one key by one algorithm. Setting them up takes a third of the time of
// an RSA check, so each thread caches those of the keys used last.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/openssl.hpp"
#include "jose/algorithm.hpp"

namespace authjwks {

/// Used by one thread, inside an ossl::ForkSafeSection.
class SignatureCheck {
  public:
    /// The calling thread's context for the key with this process-wide id, made at first use. @return null when OpenSSL
    /// cannot make one. Valid until the next call on this thread.
    static SignatureCheck* of_this_thread(std::uint64_t key_id, EVP_PKEY* pkey, const Algorithm& algorithm);

    /// @param signature  raw JWS bytes (RFC 7518 §3) of the length that the key's signatures have.
    bool holds(std::string_view message, std::string_view signature);

  private:
    bool set_up(EVP_PKEY* pkey, const Algorithm& algorithm);
    bool holds_for_digest(std::string_view message, std::string_view signature);

    Family family_{};
    ossl::Pkey pkey_;
    ossl::Md digest_;    // null for EdDSA, which includes hashing
    ossl::MdCtx hash_;   // the whole check for EdDSA
    ossl::PkeyCtx key_;  // null for EdDSA
};

}  // namespace authjwks
