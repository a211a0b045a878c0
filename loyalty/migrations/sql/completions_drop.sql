DROP FUNCTION laurel_stride, laurel_give, laurel_finish;
DROP TYPE laurel_strode;
