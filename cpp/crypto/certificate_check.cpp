#include "crypto/certificate_check.hpp"

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

namespace authjwks::crypto {

CertificateCheck certificate_check(long code) {
    switch (code) {
        case X509_V_OK:
        case X509_V_ERR_UNSPECIFIED: return CertificateCheck::none;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH: return CertificateCheck::wrong_host;
        case X509_V_ERR_CERT_HAS_EXPIRED:
        case X509_V_ERR_CERT_NOT_YET_VALID: return CertificateCheck::out_of_time;
        default: return CertificateCheck::distrusted;
    }
}

const char* words_of_certificate_check(long code) { return X509_verify_cert_error_string(code); }

}  // namespace authjwks::crypto
