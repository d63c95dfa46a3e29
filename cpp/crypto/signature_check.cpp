#include "crypto/signature_check.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include <openssl/rsa.h>

#include "crypto/fork_safe_section.hpp"
#include "crypto/handles.hpp"
#include "crypto/library.hpp"

namespace authjwks::crypto {
namespace {

constexpr std::size_t kKeysPerThread = 64;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// An ECDSA signature in DER, as the library needs it: JWS concatenates r and s (RFC 7518 §3.4).
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

/// What checks the signatures of one key by one algorithm, set up once. Used by one thread.
class Contexts {
  public:
    Contexts() = default;
    Contexts(const Key& key, Family family, Digest digest) : family_(family), hash_(EVP_MD_CTX_new()) {
        if (family == Family::eddsa) {
            pkey_.emplace(key.share());
            is_ready_ = hash_ != nullptr;
            return;
        }
        key_.reset(EVP_PKEY_CTX_new(key.handle(), nullptr));
        digest_ = library::digest(digest);
        is_ready_ = hash_ && key_ && digest_ && EVP_PKEY_verify_init(key_.get()) == 1 &&
                    set_up_padding(key_.get(), family) && EVP_PKEY_CTX_set_signature_md(key_.get(), digest_.get()) == 1;
    }

    /// False where the library could not make one.
    bool is_ready() const noexcept { return is_ready_; }
    bool has_accepted() const noexcept { return has_accepted_; }

    bool accept(std::string_view message, std::string_view signature) {
        const bool accepted = is_signed(message, signature);
        has_accepted_ |= accepted;
        return accepted;
    }

  private:
    bool is_signed(std::string_view message, std::string_view signature) {
        if (family_ == Family::ecdsa) return is_signed_digest(message, EcdsaDer(signature).text());
        if (family_ != Family::eddsa) return is_signed_digest(message, signature);
        return EVP_DigestVerifyInit(hash_.get(), nullptr, nullptr, nullptr, pkey_->handle()) == 1 &&
               EVP_DigestVerify(hash_.get(), bytes(signature), signature.size(), bytes(message), message.size()) == 1;
    }
    bool is_signed_digest(std::string_view message, std::string_view signature) {
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned int size = 0;
        return EVP_DigestInit_ex(hash_.get(), digest_.get(), nullptr) == 1 &&
               EVP_DigestUpdate(hash_.get(), message.data(), message.size()) == 1 &&
               EVP_DigestFinal_ex(hash_.get(), digest.data(), &size) == 1 &&
               EVP_PKEY_verify(key_.get(), bytes(signature), signature.size(), digest.data(), size) == 1;
    }

    Family family_{};
    bool is_ready_ = false;
    bool has_accepted_ = false;
    std::optional<Key> pkey_;  // for EdDSA alone
    library::Md digest_;       // null for EdDSA, which includes hashing
    MdCtx hash_;               // the whole check for EdDSA
    PkeyCtx key_;              // null for EdDSA
};

/// The contexts of the keys that a thread has used last; all are freed in one fork-safe section.
class ThreadContexts {
  public:
    /// In a section, so that the thread's state in the library is there first, and is freed after these contexts.
    ThreadContexts() { const ForkSafeSection section; }
    ~ThreadContexts() {
        const ForkSafeSection section;
        slots_ = {};
    }
    ThreadContexts(const ThreadContexts&) = delete;
    ThreadContexts& operator=(const ThreadContexts&) = delete;

    /// Null where there are none for this key.
    Contexts* find(std::uint64_t key_id) noexcept {
        Slot& slot = slot_of(key_id);
        return slot.key_id == key_id ? &slot.contexts : nullptr;
    }
    /// New ones, in place of those of another key. Null where the library could not make them.
    Contexts* make(std::uint64_t key_id, const Key& key, Family family, Digest digest) {
        Slot& slot = slot_of(key_id);
        slot = {0, Contexts(key, family, digest)};
        if (!slot.contexts.is_ready()) return nullptr;
        slot.key_id = key_id;
        return &slot.contexts;
    }

  private:
    struct Slot {
        std::uint64_t key_id = 0;
        Contexts contexts;
    };
    Slot& slot_of(std::uint64_t key_id) noexcept { return slots_[key_id % slots_.size()]; }

    std::array<Slot, kKeysPerThread> slots_;
};

}  // namespace

bool is_signed_by(const Key& key, std::uint64_t key_id, Family family, Digest digest, std::string_view message,
                  std::string_view signature) {
    thread_local ThreadContexts contexts;
    Contexts* const known = contexts.find(key_id);
    if (library::kRepeatedChecksAreForkSafe && known != nullptr && known->has_accepted())
        return known->accept(message, signature);
    const ForkSafeSection section;
    Contexts* const used = known != nullptr ? known : contexts.make(key_id, key, family, digest);
    return used != nullptr && used->accept(message, signature);
}

}  // namespace authjwks::crypto
