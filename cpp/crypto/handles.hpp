// Owning types for the objects of the cryptographic library. Included by this folder alone: what is above it knows none
// of them.
#pragma once

#include <memory>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>

namespace authjwks::crypto {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Bignum = std::unique_ptr<BIGNUM, Freed<BN_free>>;
/// For as long as one fork-safe section; a key that lives on is a crypto::Key.
using NewPkey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using MdCtx = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using PkeyCtx = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;

}  // namespace authjwks::crypto
