// Owning types for OpenSSL's objects; no other file frees one.
#pragma once

#include <memory>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

namespace authjwks::ossl {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

/// Freeing a key takes locks of OpenSSL, and happens wherever the last snapshot that holds it is dropped.
struct FreePkey {
    void operator()(EVP_PKEY* pkey) const noexcept;
};

using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Bignum = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Md = std::unique_ptr<EVP_MD, Freed<EVP_MD_free>>;
using MdCtx = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Pkey = std::unique_ptr<EVP_PKEY, FreePkey>;
using PkeyCtx = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;

/// A second owner of the same key.
inline Pkey share(const Pkey& key) {
    EVP_PKEY_up_ref(key.get());
    return Pkey(key.get());
}

/// For OpenSSL to call instead of asking for a file's password at the terminal.
/// @param is_encrypted  a bool to set, or null.
int refuse_password(char*, int, int, void* is_encrypted);

/// A section of code that uses OpenSSL. fork() waits until no thread is inside one, because a child process that
/// inherits one of OpenSSL's own locks while it is held hangs on its next signature. Code inside a section must
/// therefore not wait for anything. At the end the thread's error queue is empty: `ssl` and `cryptography` may share it
/// with us. Sections may nest.
class ForkSafeSection {
  public:
    ForkSafeSection();
    ~ForkSafeSection();
    ForkSafeSection(const ForkSafeSection&) = delete;
    ForkSafeSection& operator=(const ForkSafeSection&) = delete;
};

}  // namespace authjwks::ossl
