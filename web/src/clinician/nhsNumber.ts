/** Whether ten digits are an NHS number: the last one follows from the others by modulus 11 (NHS Data Dictionary). */
export function isNhsNumber(digits: string): boolean {
  if (!/^\d{10}$/.test(digits) || !Number(digits)) return false;
  const sum = [...digits].slice(0, 9).reduce((total, digit, at) => total + Number(digit) * (10 - at), 0);
  return (11 - (sum % 11)) % 11 === Number(digits[9]);
}
