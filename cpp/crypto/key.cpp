#include "crypto/key.hpp"

#include <array>
#include <utility>

#include <openssl/evp.h>

#include "crypto/fork_safe_section.hpp"
#include "crypto/library.hpp"

namespace authjwks::crypto {
namespace {

constexpr std::size_t kMaxOkpBytes = 57;  // Ed448

std::optional<Key> owned(NewPkey pkey) { return pkey ? std::optional<Key>(Pkey(pkey.release())) : std::nullopt; }

}  // namespace

void FreePkey::operator()(evp_pkey_st* pkey) const noexcept {
    const ForkSafeSection section;
    EVP_PKEY_free(pkey);
}

std::optional<Key> Key::rsa(std::string_view modulus, std::string_view exponent) {
    const ForkSafeSection section;
    return owned(library::make_rsa(modulus, exponent));
}

std::optional<Key> Key::ec(CurveId curve, std::string_view x, std::string_view y) {
    const ForkSafeSection section;
    std::string point("\x04");
    point += x;
    point += y;
    return owned(library::make_ec(curve, point));
}

std::optional<Key> Key::okp(CurveId curve, std::string_view bytes) {
    const ForkSafeSection section;
    return owned(library::make_okp(curve, bytes));
}

KeyKind Key::kind() const {
    const ForkSafeSection section;
    return library::kind_of(*pkey_);
}

std::size_t Key::signature_bytes() const { return static_cast<std::size_t>(EVP_PKEY_size(pkey_.get())); }

std::optional<RsaNumbers> Key::rsa_numbers() const {
    const ForkSafeSection section;
    return library::rsa_numbers(*pkey_);
}

std::optional<std::string> Key::okp_bytes() const {
    const ForkSafeSection section;
    std::array<unsigned char, kMaxOkpBytes> bytes{};
    std::size_t size = bytes.size();
    if (EVP_PKEY_get_raw_public_key(pkey_.get(), bytes.data(), &size) != 1) return std::nullopt;
    return std::string(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
}

bool Key::is_at_infinity() const {
    const ForkSafeSection section;
    return library::is_at_infinity(*pkey_);
}

bool Key::is_same_as(const Key& other) const {
    const ForkSafeSection section;
    return library::are_same(*pkey_, *other.pkey_);
}

Key Key::share() const {
    EVP_PKEY_up_ref(pkey_.get());
    return Key(Pkey(pkey_.get()));
}

}  // namespace authjwks::crypto
