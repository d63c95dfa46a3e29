#include "jose/signature_check.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include <openssl/rsa.h>

namespace authjwks {
namespace {

constexpr std::size_t kKeysPerThread = 64;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// An ECDSA signature in DER, as OpenSSL needs it: JWS concatenates r and s (RFC 7518 §3.4).
class EcdsaDer {
  public:
    explicit EcdsaDer(std::string_view signature) {
        const std::size_t half = signature.size() / 2;
        const auto r = significant(signature.substr(0, half)), s = significant(signature.substr(half));
        const std::size_t content = sized(r) + sized(s);
        put(0x30);
        if (content > 0x7F) put(0x81);
        put(content);
        put_integer(r);
        put_integer(s);
    }

    std::string_view text() const { return {bytes_.data(), size_}; }

  private:
    static constexpr std::size_t kMaxBytes = 3 + 2 * (3 + 66);  // P-521

    /// Without leading zeros, except for the last byte.
    static std::string_view significant(std::string_view number) {
        return number.substr(std::min(number.find_first_not_of('\0'), number.size() - 1));
    }
    /// Integers in DER are signed.
    static bool needs_zero(std::string_view number) {
        return (static_cast<unsigned char>(number.front()) & 0x80U) != 0;
    }
    static std::size_t sized(std::string_view number) { return 2 + number.size() + (needs_zero(number) ? 1 : 0); }

    void put(std::size_t byte) { bytes_[size_++] = static_cast<char>(byte); }
    void put_integer(std::string_view number) {
        put(0x02);
        put(sized(number) - 2);
        if (needs_zero(number)) put(0);
        size_ += number.copy(bytes_.data() + size_, number.size());
    }

    std::array<char, kMaxBytes> bytes_{};
    std::size_t size_ = 0;
};

/// RSA-PSS as RFC 7518 §3.5 requires: MGF1 with the same digest, and a salt as long as the digest.
bool set_up_padding(EVP_PKEY_CTX* ctx, Family family) {
    if (family == Family::rsa_pkcs1) return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
    if (family != Family::rsa_pss) return true;
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/// The contexts of a thread; all are freed in one fork-safe section.
struct Kept {
    struct Slot {
        std::uint64_t key_id = 0;
        std::optional<SignatureCheck> check;
    };
    Kept() = default;
    ~Kept() {
        const ossl::ForkSafeSection section;
        slots = {};
    }
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;

    std::array<Slot, kKeysPerThread> slots;
};

}  // namespace

SignatureCheck* SignatureCheck::of_this_thread(std::uint64_t key_id, EVP_PKEY* pkey, const Algorithm& algorithm) {
    thread_local Kept kept;
    auto& [kept_id, check] = kept.slots[key_id % kKeysPerThread];
    if (kept_id == key_id) return &*check;
    kept_id = 0;
    if (!check.emplace().set_up(pkey, algorithm)) return nullptr;
    kept_id = key_id;
    return &*check;
}

bool SignatureCheck::set_up(EVP_PKEY* pkey, const Algorithm& algorithm) {
    family_ = algorithm.family;
    hash_.reset(EVP_MD_CTX_new());
    if (!hash_) return false;
    if (family_ == Family::eddsa) {
        EVP_PKEY_up_ref(pkey);
        pkey_.reset(pkey);
        return true;
    }
    key_.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey, nullptr));
    digest_.reset(EVP_MD_fetch(nullptr, algorithm.digest, nullptr));
    return key_ && digest_ && EVP_PKEY_verify_init(key_.get()) == 1 && set_up_padding(key_.get(), family_) &&
           EVP_PKEY_CTX_set_signature_md(key_.get(), digest_.get()) == 1;
}

bool SignatureCheck::holds(std::string_view message, std::string_view signature) {
    if (family_ == Family::ecdsa) return holds_for_digest(message, EcdsaDer(signature).text());
    if (family_ != Family::eddsa) return holds_for_digest(message, signature);
    return EVP_DigestVerifyInit_ex(hash_.get(), nullptr, nullptr, nullptr, nullptr, pkey_.get(), nullptr) == 1 &&
           EVP_DigestVerify(hash_.get(), bytes(signature), signature.size(), bytes(message), message.size()) == 1;
}

bool SignatureCheck::holds_for_digest(std::string_view message, std::string_view signature) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    return EVP_DigestInit_ex2(hash_.get(), digest_.get(), nullptr) == 1 &&
           EVP_DigestUpdate(hash_.get(), message.data(), message.size()) == 1 &&
           EVP_DigestFinal_ex(hash_.get(), digest.data(), &size) == 1 &&
           EVP_PKEY_verify(key_.get(), bytes(signature), signature.size(), digest.data(), size) == 1;
}

}  // namespace authjwks
