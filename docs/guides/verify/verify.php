<?php

const TOLERANCE = 300; // seconds that the sender's clock and yours may differ

/** Whether a delivery is ours. $secrets: every secret that is good at present; $body: the raw bytes (php://input), before any parser. */
function verify(array $secrets, array $headers, string $body, ?int $now = null): bool
{
    $id = $headers['webhook-id'] ?? '';
    $timestamp = $headers['webhook-timestamp'] ?? '';
    $signatures = $headers['webhook-signature'] ?? '';
    if ($id === '' || !preg_match('/\A[0-9]{1,12}\z/', $timestamp)) {
        return false;
    }
    if (abs(($now ?? time()) - (int) $timestamp) > TOLERANCE) {
        return false;
    }
    foreach ($secrets as $secret) {
        $key = base64_decode(preg_replace('/\Awhsec_/', '', $secret), true);
        $wanted = hash_hmac('sha256', "$id.$timestamp.$body", $key, true);
        foreach (explode(' ', $signatures) as $signature) {
            [$version, $text] = explode(',', $signature, 2) + [1 => ''];
            $given = base64_decode($text, true);
            if ($version === 'v1' && $given !== false && hash_equals($wanted, $given)) {
                return true;
            }
        }
    }
    return false;
}
